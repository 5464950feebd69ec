package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"drift/cmd/drift/internal/cmdline"
	"drift/data"
	"drift/data/atomicfile"
	"drift/graph/language"
	"drift/graph/objective"
)

// generation is how drift predict draws text.
type generation struct {
	tokens      int
	prompt      string
	temperature float64
}

func (g *generation) flags(flags *pflag.FlagSet) {
	cmdline.Add(flags, &g.tokens, "generate", 0, "write N characters or bytes that continue the prompt", "int", cmdline.AtLeast(0))
	flags.StringVar(&g.prompt, "prompt", "", "`text` to continue (default: a line break, or the first character of the data if they have none)")
	cmdline.Add(flags, &g.temperature, "temperature", 0.8, "logits are divided by it before the softmax; 0 always takes the most likely token", "float", cmdline.NotNegative)
}

func (g *generation) check(given func(flag string) bool) error {
	switch {
	case g.tokens > 0 && given("part"):
		return usagef("--part is for predictions and --generate writes text: leave one out")
	}
	for _, flag := range []string{"prompt", "temperature"} {
		if g.tokens == 0 && given(flag) {
			return usagef("--%s is for text: say how much with --generate N", flag)
		}
	}
	return nil
}

// generate prints text as it comes, and writes it to a file where one is named.
func (p *predicting) generate(ctx context.Context, f *problem, alphabet *data.Alphabet, out string) error {
	if alphabet == nil {
		return errors.New("generating text: the data are no text: give those that the model was trained on as text:FILE")
	}
	if p.prompt == "" {
		p.prompt = beginning(f, alphabet)
	}
	prompt, err := alphabet.Encode(p.prompt)
	if err != nil {
		return fmt.Errorf("reading --prompt: %w", err)
	}
	var text strings.Builder
	live := io.MultiWriter(&text, p.human())
	io.WriteString(live, p.prompt)
	err = language.Generate(f.Objective, prompt, language.Options{Tokens: p.tokens, Temperature: p.temperature, Seed: p.seed}, func(token int32) error {
		io.WriteString(live, alphabet.Decode(token))
		return ctx.Err()
	})
	fmt.Fprintln(p.human())
	if err != nil {
		return err
	}
	if out != "" {
		err := atomicfile.Write(out, func(w io.Writer) error { _, err := io.WriteString(w, text.String()); return err })
		if err != nil {
			return fmt.Errorf("writing the text: %w", err)
		}
	}
	return p.writeJSON(map[string]any{"prompt": p.prompt, "text": text.String()[len(p.prompt):], "temperature": p.temperature, "seed": p.seed})
}

// beginning is what a text without a prompt goes on from.
func beginning(f *problem, alphabet *data.Alphabet) string {
	if _, err := alphabet.Encode("\n"); err == nil {
		return "\n"
	}
	return alphabet.Decode(int32(f.Data(objective.Train).X.At(0)))
}

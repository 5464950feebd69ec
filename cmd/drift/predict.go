package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/data/atomicfile"
	"drift/graph/nn"
	"drift/graph/prediction"
)

// predicting is drift predict.
type predicting struct {
	*app
	task
	fromRun
	weights, out, part string
	generation
}

const predictLong = `predict writes a trained network's predictions for one part of the data. FILE.npz gets the array
"outputs" [N, …] (logits, or the values of a regression) and for classification "class" [N], or [N,T]
for a class at each position: the class with the largest logit. FILE.csv gets the same as a table.
The weights come from --weights, or from a run kept by drift train.

With --generate a language model continues the text --prompt, token by token, and prints it. Another
--seed gives another text. --out then names a file for the text.`

const predictExample = `  drift predict --run run --out predictions.npz
  drift predict --data fashion-mnist --model lenet --weights w.safetensors --part train --out predictions.npz
  drift predict --run shakespeare --generate 500 --prompt "ROMEO:" --temperature 0.8`

func (a *app) predictCommand() *cobra.Command {
	p := &predicting{app: a}
	cmd := &cobra.Command{
		Use: "predict", Short: "Predictions of a trained network; text from a language model", Long: predictLong, Example: predictExample,
		Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return p.predict(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	p.fromRun.flags(flags)
	p.task.flags(flags, "glyphs", "mlp:256")
	flags.StringVar(&p.weights, "weights", "", "predict with the weights in this `file` (safetensors, or PyTorch's .pt, .pth)")
	p.namesFlag(flags)
	flags.StringVar(&p.out, "out", "", "write the predictions to this `file`, FILE.npz or FILE.csv")
	partFlag(flags, &p.part, "test")
	p.generation.flags(flags)
	return cmd
}

// check finds the mistakes that need no data.
func (p *predicting) check() error {
	if err := p.generation.check(p.given); err != nil {
		return err
	}
	if p.out == "" && p.tokens == 0 {
		return usagef("predictions need a file: name one with --out FILE.npz or FILE.csv")
	}
	if p.out == "" {
		return nil
	}
	return checkWritable("out", p.out, "a file")
}

func (p *predicting) predict(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if err := p.check(); err != nil {
		return err
	}
	weights, err := p.weightsOf(p.weights, flags, "dtype")
	if err != nil {
		return err
	}
	if weights == "" && !nn.HasWeights(p.model) {
		return usagef("there is nothing to predict by: name a run with --run, or weights with --weights")
	}
	split, model, err := p.load(p.app, p.app.seed)
	if err != nil {
		return err
	}
	problem, err := p.place(p.app, split, model, weights)
	if err != nil {
		return err
	}
	defer func() { err = closing(problem, err) }()
	problem.SetContext(ctx)
	if p.tokens > 0 {
		return p.generate(ctx, problem, split.Alphabet, p.out)
	}
	return p.write(problem)
}

// write writes the predictions of the part.
func (p *predicting) write(f *problem) error {
	part := parts[p.part]
	n := f.Examples(part)
	if n == 0 {
		return fmt.Errorf("predicting: the data have no %s part: choose another with --part", p.part)
	}
	err := atomicfile.Write(p.out, func(w io.Writer) error {
		if filepath.Ext(p.out) == ".csv" {
			return prediction.WriteCSV(w, f.Objective, part)
		}
		return prediction.WriteNPZ(w, f.Objective, part)
	})
	if err != nil {
		return fmt.Errorf("writing the predictions: %w", err)
	}
	fmt.Fprintf(p.human(), "the outputs for %d examples are in %s\n", n, p.out)
	return p.writeJSON(map[string]any{"examples": n, "part": p.part, "out": p.out})
}

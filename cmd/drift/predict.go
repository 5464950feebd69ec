package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/data"
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
	inputs             string // a spec of inputs without targets
	generation
}

const predictLong = `predict writes a trained network's predictions for one part of the data. FILE.npz gets the array
"outputs" [N, …] (logits, or the values of a regression) and for classification "class" [N], or [N,T]
for a class at each position: the class with the largest logit. FILE.csv gets the same as a table.
The weights come from --weights, or from a run kept by drift train.

--inputs predicts for inputs without targets instead: npy:X.npy, npz:FILE (its array x or x_test),
csv:FILE of inputs alone, idx:FILE of images, images:DIR|FILE.zip in any folders, in the order of their
names, or tokens:FILE.npy of rows [N,T]. They are normalized as the data that the network was trained
on, which --run or --data names. Without either the network must say its own input and output, as a
file does.

With --generate a language model continues the text --prompt, token by token, and prints it. Another
--seed gives another text. --out then names a file for the text.`

const predictExample = `  drift predict --run run --out predictions.npz
  drift predict --run run --inputs images:new --out predictions.csv
  drift predict --data fashion-mnist --model lenet --weights w.safetensors --part train --out predictions.npz
  drift predict --model onnx:exported.onnx --inputs npy:X.npy --out predictions.npz
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
	flags.StringVar(&p.inputs, "inputs", "", "predict for these inputs without targets (`spec`: npy, npz, csv, idx, images or tokens) in the place of a part of the data")
	p.generation.flags(flags)
	return cmd
}

// check finds the mistakes that need no data.
func (p *predicting) check() error {
	if err := p.generation.check(p.given); err != nil {
		return err
	}
	for _, flag := range []string{"part", "generate"} {
		if p.inputs != "" && p.given(flag) {
			return usagef("--inputs are predicted for in the place of --%s: leave one out", flag)
		}
	}
	if p.out == "" && p.tokens == 0 {
		return usagef("predictions need a file: name one with --out FILE.npz or FILE.csv")
	}
	if p.out == "" {
		return nil
	}
	if err := checkWritable("out", p.out, "a file"); err != nil {
		return err
	}
	if kind := filepath.Ext(p.out); p.tokens == 0 && kind != ".npz" && kind != ".csv" {
		return usagef("--out: %s is neither FILE.npz nor FILE.csv, as which predictions are written", p.out)
	}
	return nil
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
	split, model, err := p.examples()
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

// examples are the data, with the inputs without targets as their test part where those are asked for.
func (p *predicting) examples() (*data.Split, *nn.Model, error) {
	if p.inputs == "" {
		return p.load(p.app, p.app.seed)
	}
	inputs, err := data.LoadInputs(p.inputs, data.Options{Dir: p.dataDir, Seed: p.app.seed})
	if err != nil {
		return nil, nil, err
	}
	var split *data.Split
	var model *nn.Model
	if p.run != "" || p.given("data") {
		if split, model, err = p.load(p.app, p.app.seed); err != nil {
			return nil, nil, err
		}
	} else {
		if model, err = p.parse(inputs.Shape, 0, nil); err != nil {
			return nil, nil, err
		}
		split = &data.Split{Train: exampleOf(model)}
	}
	p.part = "test"
	split.Test, err = inputs.For(split)
	split.Train, split.Valid = split.Train.Slice(0, 1), data.Set{} // one example stands for what the network was trained on
	return split, model, err
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
	result := map[string]any{"examples": n, "part": p.part, "out": p.out}
	if p.inputs != "" {
		result["part"], result["inputs"] = nil, p.inputs
	}
	return p.writeJSON(result)
}

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/data"
	"drift/data/atomicfile"
	"drift/graph/objective"
	"drift/kernels"
)

// prediction is drift predict.
type prediction struct {
	*app
	task
	fromRun
	weights, out, part string
	generation
}

const predictLong = `predict writes what a trained network says of a part of the data: an NPZ file with the array outputs
[N, …], logits or values, and for classifications class [N] (or [N,T], by position), the class with
the largest; or, where the name of the file ends in .csv, a table of the same. The weights are those of
--weights, or those of a run that drift train has kept.

With --generate a language model that was trained on a text goes on from --prompt, token by token,
and what it writes is printed; --seed gives another text. --out then names a file for the text.`

const predictExample = `  drift predict --run run --out predictions.npz
  drift predict --data fashion-mnist --model lenet --weights w.safetensors --part train --out predictions.npz
  drift predict --run shakespeare --generate 500 --prompt "ROMEO:" --temperature 0.8`

func (a *app) predictCommand() *cobra.Command {
	p := &prediction{app: a}
	cmd := &cobra.Command{
		Use: "predict", Short: "Predictions of a trained network; text from a language model", Long: predictLong, Example: predictExample,
		Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return p.predict(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	p.fromRun.flags(flags)
	p.task.flags(flags, "glyphs", "mlp:256")
	flags.StringVar(&p.weights, "weights", "", "predict by the weights in this safetensors `file`")
	flags.StringVar(&p.out, "out", "", "write the predictions to this `file`, FILE.npz or FILE.csv")
	cmdline.Add(flags, &p.part, "part", "test", "part of the data: train|test|valid", "name", cmdline.OneOf("train", "test", "valid"))
	p.generation.flags(flags)
	return cmd
}

// check finds the mistakes that need no data.
func (p *prediction) check() error {
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

func (p *prediction) predict(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if err := p.check(); err != nil {
		return err
	}
	weights, err := p.weightsOf(p.weights, flags, "dtype")
	if err != nil {
		return err
	}
	if weights == "" {
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
func (p *prediction) write(f *problem) error {
	part := map[string]objective.Part{"train": objective.Train, "test": objective.Test, "valid": objective.Valid}[p.part]
	n := f.Examples(part)
	if n == 0 {
		return fmt.Errorf("predicting: the data have no %s part: choose another with --part", p.part)
	}
	err := atomicfile.Write(p.out, func(w io.Writer) error {
		if filepath.Ext(p.out) == ".csv" {
			return writeCSV(w, f, part)
		}
		if f.DType() == kernels.Float32 {
			return writePredictions[float32](w, f, part)
		}
		return writePredictions[float64](w, f, part)
	})
	if err != nil {
		return fmt.Errorf("writing the predictions: %w", err)
	}
	fmt.Fprintf(p.human(), "the outputs for %d examples are in %s\n", n, p.out)
	return p.writeJSON(map[string]any{"examples": n, "part": p.part, "out": p.out})
}

// writePredictions writes outputs, and the classes where the targets are classes, in memory for a chunk and the classes.
func writePredictions[T float32 | float64](w io.Writer, f *problem, part objective.Part) error {
	out, err := f.OutputShape()
	if err != nil {
		return err
	}
	shape := append([]int{f.Examples(part)}, out...)
	scores := 0 // of one answer
	if f.Data(part).Classes > 0 {
		scores = out[len(out)-1]
	}
	var classes []int64
	npz := data.NewNPZWriter(w)
	err = data.WriteArray(npz, "outputs", shape, func(put func([]T) error) error {
		return f.Outputs(f.All(part), func(_ int, rows []float64) error {
			piece := make([]T, len(rows))
			for i, x := range rows {
				piece[i] = T(x)
			}
			for at := 0; scores > 0 && at < len(rows); at += scores {
				classes = append(classes, int64(largest(rows[at:at+scores])))
			}
			return put(piece)
		})
	})
	if err == nil && scores > 0 {
		err = data.WriteArray(npz, "class", shape[:len(shape)-1], func(put func([]int64) error) error { return put(classes) })
	}
	if err != nil {
		return err
	}
	return npz.Close()
}

// largest is the place of the largest number, the first of equal ones.
func largest(x []float64) (place int) {
	for i := range x {
		if x[i] > x[place] {
			place = i
		}
	}
	return place
}

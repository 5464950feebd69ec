package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/optim/train"
)

// evaluation is drift eval.
type evaluation struct {
	*app
	task
	fromRun
	weights  string
	examples sampleSize
}

const evalLong = `eval computes the mean loss and the accuracy over the training, test and validation parts of the
data, at the weights of --weights or of a run kept by drift train. --run takes data, network, seed and
weights from the run; other flags override them, so that a trained network can be evaluated on other
data.

Of a part of more than 100,000 examples they are estimated from 10,000 random ones, with 95 % intervals:
those that drift train estimated them from, for the same --seed. --examples all takes the whole parts,
and N samples all that are larger than N.`

const evalExample = `  drift eval --run run
  drift eval --run run --data fashion-mnist,test=1000 --json -
  drift eval --run run --examples all
  drift eval --data fashion-mnist --model lenet --weights w.safetensors`

func (a *app) evalCommand() *cobra.Command {
	e := &evaluation{app: a}
	cmd := &cobra.Command{
		Use: "eval", Short: "Loss and accuracy at given weights", Long: evalLong, Example: evalExample, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.evaluate(cmd.Flags()) },
	}
	flags := cmd.Flags()
	e.fromRun.flags(flags)
	e.task.flags(flags, "glyphs", "mlp:256")
	e.partsFlag(flags)
	flags.StringVar(&e.weights, "weights", "", "evaluate at the weights in this `file` (safetensors, or PyTorch's .pt, .pth)")
	e.namesFlag(flags)
	e.examples.flag(flags, "examples")
	return cmd
}

func (e *evaluation) evaluate(flags *pflag.FlagSet) (err error) {
	weights, err := e.weightsOf(e.weights, flags, "dtype")
	if err != nil {
		return err
	}
	if weights == "" && !nn.HasWeights(e.model) {
		return usagef("there is nothing to evaluate: name a run with --run, or weights with --weights")
	}
	p, err := e.open(e.app, weights)
	if err != nil {
		return err
	}
	defer func() { err = closing(p, err) }()
	r, err := train.Evaluate(p.Objective, int(e.examples), e.seed)
	if err != nil {
		return err
	}
	table := values(r.Values, p)
	counts := []string{"examples", fmt.Sprint(p.Examples(objective.Train)), fmt.Sprint(p.Examples(objective.Test))}
	if r.Valid != nil {
		counts = append(counts, fmt.Sprint(p.Examples(objective.Valid)))
	}
	if r.Train.Sample == (objective.Sample{}) {
		table.Add(counts...)
	}
	if _, err := table.WriteTo(e.human()); err != nil {
		return err
	}
	return e.writeJSON(struct {
		Train    objective.Value  `json:"train"`
		Test     *objective.Value `json:"test"` // null without test examples
		Valid    *objective.Value `json:"valid,omitempty"`
		Weights  string           `json:"weights"`
		Examples int              `json:"examples"` // of the training part
	}{r.Train, r.Test, r.Valid, weights, p.Examples(objective.Train)})
}

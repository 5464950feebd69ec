package train_test

import (
	"context"
	"fmt"
	"log"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels/cpu"
	"drift/optim"
	"drift/optim/train"
)

// Decaying is an optimizer of one's own: SGD whose steps are divided by a power of their number, which it counts itself. What it
// embeds are options that optimizers share; its own field has a name, a range and a line of help for flags and files.
type Decaying struct {
	optim.Rate
	optim.Minibatch
	Power float64 `json:"power" range:"[0,1]" help:"power of the step by which the step is divided"`
}

func (o Decaying) Direction(c optim.Context) (optim.Direction, error) { return optim.NewGradient(c) }

func (o Decaying) Transform() optim.Transform { return o }

// Apply makes a step of a gradient d [P].
func (o Decaying) Apply(u *optim.Symbols, d *graph.Node) *graph.Node {
	steps := u.Scalar("steps")
	now := graph.AddConst(steps, 1)
	u.Set(steps, now)
	return graph.Mul(d, graph.BroadcastScalar(graph.Exp(graph.Scale(graph.Log(now), -o.Power)), d.Shape()...))
}

// An optimizer of one's own goes into the same loop as those that drift brings, with the same log, checkpoints and resuming.
func ExampleNew() {
	split, err := data.Load("glyphs,train=200,test=200", data.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	model, err := nn.Parse("mlp:32", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	if err != nil {
		log.Fatal(err)
	}
	device := cpu.New(cpu.Options{})
	defer device.Close()
	f, err := objective.New(device, model, split, objective.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	own := Decaying{optim.Rate{LearningRate: 0.5, Schedule: "constant"}, optim.Minibatch{Batch: 20, Sampling: "shuffle"}, 0.5}
	trainer, err := train.New(f, own, train.Options{Epochs: 10, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()
	result, err := trainer.Run(context.Background(), train.Logging{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Steps, result.Train.Accuracy > 0.9, result.Test.Accuracy > 0.3)
	// Output: 100 true true
}

package optim_test

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

// LayerClip scales each tensor's part of the step so that its norm is at most Norm.
type LayerClip struct{ Norm float64 }

func (c LayerClip) Apply(u *optim.Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	for k, p := range parts {
		parts[k] = optim.Clip{Norm: c.Norm}.Apply(u, p)
	}
	return u.Whole(parts)
}

// A transformation that treats every tensor by itself, behind those of SGD.
func ExampleWith() {
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
	clipped := optim.With(optim.DefaultSGD, LayerClip{Norm: 2})
	trainer, err := train.New(f, clipped, train.Options{Epochs: 20, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()
	result, err := trainer.Run(context.Background(), train.Logging{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(optim.NameOf(clipped), result.Steps, result.Train.Accuracy > 0.9)
	// Output: sgd with optim_test.LayerClip 140 true
}

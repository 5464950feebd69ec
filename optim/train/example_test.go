package train_test

import (
	"context"
	"fmt"
	"log"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels/cpu"
	"drift/optim"
	"drift/optim/train"
)

// Full-batch descent that follows, in the mean, SGD in batches of 10: data, model and device make an objective, and with an
// optimizer a trainer.
func Example() {
	split, err := data.Load("glyphs,train=200,test=200,label-noise=0.2", data.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	model, err := nn.Parse("mlp:32,act=tanh", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
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
	o := optim.DefaultGDReg
	o.EmulateBatch = 10
	trainer, err := train.New(f, o, train.Options{Steps: 300, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()
	result, err := trainer.Run(context.Background(), train.Logging{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Steps, result.Train.Loss < 1.5, result.Test.Accuracy > 0.3)
	// Output: 300 true true
}

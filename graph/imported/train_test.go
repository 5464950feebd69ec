package imported_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"drift/data"
	"drift/graph/imported"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// classified is examples of six values in three classes, which a linear map tells apart.
func classified(n int) data.Set {
	s := data.Set{Name: "three", Shape: []int{6}, Classes: 3}
	r := rand.New(rand.NewPCG(1, 2))
	var values []float32
	for range n {
		class := r.IntN(3)
		s.Labels = append(s.Labels, int32(class))
		for k := range 6 {
			x := 0.3 * r.NormFloat64()
			if k%3 == class {
				x++
			}
			values = append(values, float32(x))
		}
	}
	s.X = data.ValuesOf(values)
	return s
}

// An imported network is a model like any other: it trains, also with the regularizer on tr Σ and in chunks that leave one example
// over, and its accuracy is measured.
func TestImportedNetworkTrains(t *testing.T) {
	var perceptron network
	for _, w := range networks {
		if w.name == "perceptron" {
			perceptron = w
		}
	}
	o := optim.DefaultGDReg
	o.LearningRate, o.EmulateBatch = 0.5, 10
	var losses []float64
	for _, chunk := range []int{0, 16} {
		m, err := imported.New(perceptron.at)
		must(t, err)
		f, err := objective.New(device, m, &data.Split{Train: classified(49), Test: classified(30)}, objective.Options{Chunk: chunk})
		must(t, err)
		defer f.Close()
		trainer, err := train.New(f, o, train.Options{Steps: 60, Seed: 1})
		must(t, err)
		defer trainer.Close()
		result, err := trainer.Run(context.Background(), train.Logging{})
		must(t, err)
		if result.Train.Accuracy < 0.95 || result.Test.Accuracy < 0.95 || !(result.Train.Loss < 0.3) {
			t.Errorf("after training: %+v", result)
		}
		losses = append(losses, result.Train.Loss)
	}
	if math.Abs(losses[0]-losses[1]) > 1e-3*losses[0] { // float32 sums in another order, over 60 steps
		t.Errorf("losses %v in one chunk and in several", losses)
	}
}

// The model has the parameters and inputs of the build, and classes where its target is one-hot.
func TestModelDescribesTheBuild(t *testing.T) {
	for _, w := range networks {
		m := model(t, w)
		if w.oneHot && m.Target().Index == 0 {
			t.Errorf("%s: the target holds no classes: %+v", w.name, m.Target())
		}
		b, err := w.at(gorgonia.NewGraph(), 2)
		must(t, err)
		if len(m.Params()) != len(b.Params) || len(m.Inputs()) != len(b.Inputs) {
			t.Errorf("%s: %d parameters and %d inputs", w.name, len(m.Params()), len(m.Inputs()))
		}
	}
}

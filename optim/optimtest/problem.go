// Package optimtest sets up the small problems that optimizers are tested on.
package optimtest

import (
	"math"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// Objective is a network of 12 units on 60 small glyphs, in chunks of 25, which divide neither the examples nor their batches.
func Objective(t testing.TB, dtype kernels.DType, threads int) *objective.Objective {
	t.Helper()
	return InChunks(t, dtype, threads, 25)
}

// InChunks is Objective in chunks of another size.
func InChunks(t testing.TB, dtype kernels.DType, threads, chunk int) *objective.Objective {
	t.Helper()
	split, model := Problem(t, "glyphs,train=60,test=40,size=8", "mlp:12")
	dev := devicetest.Open(threads)
	f, err := Begin(dev, model, split, objective.Options{DType: dtype, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); dev.Close() })
	return f
}

// Problem is data of classes and a network for them.
func Problem(t testing.TB, spec, network string) (*data.Split, *nn.Model) {
	t.Helper()
	split, err := data.Load(spec, data.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.Parse(network, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	return split, model
}

// Begin is an objective at its first parameters.
func Begin(dev kernels.Device, model *nn.Model, split *data.Split, o objective.Options) (*objective.Objective, error) {
	f, err := objective.New(dev, model, split, o)
	if err != nil {
		return nil, err
	}
	if err := f.Parameters().Write(model.Init(3)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read is what a buffer holds.
func Read(t testing.TB, b kernels.Buffer) []float64 {
	t.Helper()
	x := make([]float64, b.Len())
	if err := b.Read(x); err != nil {
		t.Fatal(err)
	}
	return x
}

// Same reports equal bits.
func Same(a, b []float64) bool {
	for i := range a {
		if i >= len(b) || math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// Vector is a vector of the parameters' length on the device.
func Vector(t testing.TB, f *objective.Objective) kernels.Buffer {
	t.Helper()
	v, err := f.NewVector()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Training is the same objective with the random parts of the model on, as dropout: what optimizers see. It shares θ, data and memory
// with f, which evaluates without them, and is closed with it. SetStep says which draws it sees.
func (f *Objective) Training() *Objective {
	if !f.random || f.training {
		return f
	}
	return &Objective{Model: f.Model, onDevice: f.onDevice, training: true, undivided: f.undivided}
}

// SetStep fixes the random parts of the model, until the next call, to those of a step of a run with a seed: every pass of the step
// sees the same network. What is drawn for an example is a function of seed, step and the example's index in the data, whatever batch
// or chunk it lies in.
func (f *Objective) SetStep(seed uint64, step int) error {
	if f.masks == nil {
		return nil
	}
	if err := f.masks.Set(seed, step); err != nil {
		return fmt.Errorf("objective: the random parts of step %d: %w", step, err)
	}
	return nil
}

// masks is the purpose of the numbers that the random parts of a model draw.
const masks = "masks"

// Uniform is a Net.Uniform for the examples with the given indices [n], under a key [2] that belongs to the step: each call draws from a
// stream of its own.
func Uniform(dt kernels.DType, key, examples *graph.Node) func(shape ...int) *graph.Node {
	stream := uint32(0)
	return func(shape ...int) *graph.Node {
		stream++
		return graph.Uniform(dt, key, examples, stream-1, shape...)
	}
}

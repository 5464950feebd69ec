package optim

import (
	"fmt"

	"drift/graph/objective"
	"drift/kernels"
)

// Direction computes from the data what a step follows downhill, before any transformation.
type Direction interface {
	// Vector is the buffer [P] on the device that Compute fills.
	Vector() kernels.Buffer
	// Compute works at the current parameters on the examples of a batch, for the learning rate of the step, and returns the
	// batch's mean loss and accuracy, which stay on the device until they are read.
	Compute(batch []int, rate float64) (objective.Measured, error)
	// Cost is what Compute takes for n examples, in gradients of one example.
	Cost(n int) float64
	// Metrics are the direction's own numbers at the last step, for the log. They may wait for the device.
	Metrics() (map[string]float64, error)
	// State describes whatever lasts from step to step.
	State(s objective.State)
	Close()
}

// base is a direction's vector, and the methods of one without memory and numbers of its own.
type base struct {
	objective *objective.Objective
	vector    kernels.Buffer
}

func newBase(f *objective.Objective) (base, error) {
	v, err := f.NewVector()
	return base{f, v}, err
}

func (b base) Vector() kernels.Buffer             { return b.vector }
func (base) Metrics() (map[string]float64, error) { return nil, nil }
func (base) State(objective.State)                {}
func (b base) Close()                             { objective.Free(b.vector) }

// Gradient is the direction of sgd and gd: the gradient of the batch's mean loss.
type Gradient struct {
	base
	pass *objective.Pass
}

var _ Direction = Gradient{}

// NewGradient prepares gradients of a run's batches.
func NewGradient(c Context) (Gradient, error) {
	b, err := newBase(c.Objective)
	if err != nil {
		return Gradient{}, err
	}
	d := Gradient{base: b}
	if d.pass, err = c.CompileGradient(c.Batch, b.vector); err != nil {
		b.Close()
		return Gradient{}, fmt.Errorf("the gradient: %w", err)
	}
	return d, nil
}

func (d Gradient) Compute(batch []int, _ float64) (objective.Measured, error) {
	return d.pass.Measured(), d.pass.Run(batch)
}

func (d Gradient) Cost(n int) float64 { return float64(n) }

func (d Gradient) Close() {
	d.pass.Close()
	d.base.Close()
}

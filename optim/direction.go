package optim

import (
	"drift/graph/objective"
	"drift/kernels"
)

// Direction computes from the data what a step follows downhill, before any transformation.
type Direction interface {
	// Vector is the buffer [P] on the device that Compute fills.
	Vector() kernels.Buffer
	// Compute works at the current parameters on the examples of a batch, for the learning rate of the step, and leaves
	// the batch's mean loss and accuracy in the objective's Measured buffer.
	Compute(batch []int, rate float64) error
	// Cost is what Compute takes for n examples, in gradients of one example.
	Cost(n int) float64
	// Metrics are the direction's own numbers at the last step, for the log.
	Metrics() map[string]float64
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

func (b base) Vector() kernels.Buffer    { return b.vector }
func (base) Metrics() map[string]float64 { return nil }
func (base) State(objective.State)       {}
func (b base) Close()                    { b.objective.Release(b.vector) }

// Gradient is the direction of sgd and gd: the gradient of the batch's mean loss.
type Gradient struct{ base }

var _ Direction = Gradient{}

// NewGradient reserves the gradient's vector.
func NewGradient(f *objective.Objective) (Gradient, error) {
	b, err := newBase(f)
	return Gradient{b}, err
}

func (d Gradient) Compute(batch []int, _ float64) error { return d.objective.Gradient(batch, d.vector) }

func (d Gradient) Cost(n int) float64 { return float64(n) }

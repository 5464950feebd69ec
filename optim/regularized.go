package optim

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// Regularized is the direction of gd-reg and sgd-reg: the gradient of ℓ + λ tr Σ over the batch, with the exact ∂tr Σ of the unbiased
// Σ. λ may follow the learning rate.
type Regularized struct {
	base
	lambda  func(rate float64) float64
	slope   kernels.Buffer // ∂tr Σ [P]
	pass    *objective.TraceGradient
	penalty *objective.Scalar // λ, as the pass reads it
	weight  float64           // λ at the last step
}

var _ Direction = (*Regularized)(nil)

// NewRegularized prepares ḡ + λ ∂tr Σ over batches of n examples.
func NewRegularized(f *objective.Objective, batch int, lambda func(rate float64) float64) (*Regularized, error) {
	b, err := newBase(f)
	if err != nil {
		return nil, err
	}
	d := &Regularized{base: b, lambda: lambda}
	if d.slope, err = f.NewVector(); err == nil {
		d.penalty, err = f.NewScalar()
	}
	if err == nil {
		d.pass, err = f.CompileTraceGradient(batch, d.vector, d.slope, d.regularize)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("preparing ∂tr Σ: %w", err)
	}
	return d, nil
}

// regularize makes ḡ + λ ∂tr Σ of ḡ.
func (d *Regularized) regularize(e *objective.End) {
	v, slope := e.Flat(d.vector), e.Flat(d.slope)
	e.Set(v, graph.Add(v, graph.Mul(graph.BroadcastScalar(e.Scalar(d.penalty), slope.Shape()...), slope)))
}

func (d *Regularized) Compute(batch []int, rate float64) (objective.Measured, error) {
	d.weight = d.lambda(rate)
	if err := d.penalty.Set(d.weight); err != nil {
		return objective.Measured{}, err
	}
	err := d.pass.Run(batch)
	return d.pass.Measured(), err
}

// Cost counts a step as three gradients: the exact ∂tr Σ takes the arithmetic of two beyond the plain one.
func (d *Regularized) Cost(n int) float64 { return 3 * float64(n) }

func (d *Regularized) Metrics() (map[string]float64, error) {
	trace, err := d.pass.Trace()
	return map[string]float64{"tr_sigma": trace, "lambda": d.weight}, err
}

func (d *Regularized) Close() {
	d.pass.Close()
	d.penalty.Close()
	objective.Free(d.slope)
	d.base.Close()
}

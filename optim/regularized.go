package optim

import (
	"fmt"

	"drift/graph/objective"
	"drift/kernels"
)

// Regularized is the direction of gd-reg: the gradient of ℓ + λ tr Σ over the batch, with the exact ∂tr Σ of the unbiased Σ.
// λ may follow the learning rate.
type Regularized struct {
	base
	lambda  func(rate float64) float64
	penalty kernels.Buffer // ∂tr Σ [P]
	add     *combination   // vector ← vector + λ ∂tr Σ
	weight  float64        // λ at the last step
	trace   float64        // tr Σ at the last step
}

var _ Direction = (*Regularized)(nil)

// NewRegularized reserves memory for ḡ and ∂tr Σ.
func NewRegularized(f *objective.Objective, lambda func(rate float64) float64) (*Regularized, error) {
	b, err := newBase(f)
	if err != nil {
		return nil, err
	}
	d := &Regularized{base: b, lambda: lambda}
	if d.penalty, err = f.NewVector(); err == nil {
		d.add, err = newCombination(f.Device(), d.vector, d.vector, d.penalty)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("preparing ∂tr Σ: %w", err)
	}
	return d, nil
}

func (d *Regularized) Compute(batch []int, rate float64) error {
	var err error
	if d.trace, err = d.objective.TraceGradient(batch, d.vector, d.penalty); err != nil {
		return err
	}
	d.weight = d.lambda(rate)
	return d.add.run(1, d.weight)
}

// Cost counts a step as three gradients: the exact ∂tr Σ takes the arithmetic of two beyond the plain one.
func (d *Regularized) Cost(n int) float64 { return 3 * float64(n) }

func (d *Regularized) Metrics() map[string]float64 {
	return map[string]float64{"tr_sigma": d.trace, "lambda": d.weight}
}

func (d *Regularized) Close() {
	d.base.Close()
	d.add.close()
	d.objective.Release(d.penalty)
}

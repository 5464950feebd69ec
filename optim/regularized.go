package optim

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
	"drift/optim/objective"
)

// Regularized is the direction of gd-reg: the gradient of ℓ + λ tr Σ over the batch, with the exact ∂tr Σ of the unbiased Σ.
// λ may follow the learning rate.
type Regularized struct {
	base
	lambda  func(rate float64) float64
	penalty kernels.Buffer // ∂tr Σ [P]
	add     *graph.Program // vector ← vector + λ ∂tr Σ
	weight  scalar         // λ
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
	if d.penalty, err = f.NewVector(); err != nil {
		b.Close()
		return nil, err
	}
	g, dtype, n := graph.New(), d.vector.DType(), d.vector.Len()
	mean, penalty, weight := graph.Input(g, dtype, "mean", n), graph.Input(g, dtype, "penalty", n), graph.Input(g, dtype, "lambda", 1)
	sum := graph.Add(mean, graph.Mul(graph.BroadcastScalar(weight, n), penalty))
	bind := map[*graph.Node]kernels.Buffer{mean: d.vector, penalty: d.penalty}
	if d.add, err = graph.Compile(f.Device(), nil, []graph.Update{{Leaf: mean, Value: sum}}, bind); err != nil {
		b.Close()
		d.penalty.Free()
		return nil, fmt.Errorf("preparing ∂tr Σ: %w", err)
	}
	d.weight = newScalar(d.add.Buffer(weight))
	return d, nil
}

func (d *Regularized) Compute(batch []int, rate float64) error {
	var err error
	if d.trace, err = d.objective.TraceGradient(batch, d.vector, d.penalty); err != nil {
		return err
	}
	if err := d.weight.write(d.lambda(rate)); err != nil {
		return err
	}
	return d.add.Run()
}

// Cost counts a step as three gradients: the exact ∂tr Σ takes the arithmetic of two beyond the plain one.
func (d *Regularized) Cost(n int) float64 { return 3 * float64(n) }

func (d *Regularized) Metrics() map[string]float64 {
	return map[string]float64{"tr_sigma": d.trace, "lambda": d.weight.value[0]}
}

func (d *Regularized) Close() {
	d.base.Close()
	d.penalty.Free()
	d.add.Close()
}

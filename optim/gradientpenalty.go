package optim

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// GradientPenalty is descent on ℓ_B + λ‖∇ℓ_B‖², the explicit form of what finite steps do implicitly (Barrett and Dherin 2021, equation 9):
//
//	d = ḡ + 2λ H ḡ,
//
// with gradient and Hessian of the batch's mean loss. tr Σ, which gd-reg adds, is what the norms of batches' gradients have beyond that of all
// examples.
type GradientPenalty struct {
	Heavy
	Minibatch
	Lambda float64 `json:"lambda,omitempty" range:"[0,inf)" search:"0.1 10" help:"coefficient of ‖∇ℓ‖²"`
}

// DefaultGradientPenalty has a coefficient of 0.01.
var DefaultGradientPenalty = GradientPenalty{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Lambda: 0.01}

var _ Optimizer = GradientPenalty{}

func (o GradientPenalty) Direction(c Context) (Direction, error) {
	b, err := newBase(c.Objective)
	if err != nil {
		return nil, err
	}
	d := &penalized{base: b, lambda: o.Lambda}
	if err := d.prepare(c.Batch); err != nil {
		d.Close()
		return nil, fmt.Errorf("the gradient's penalty: %w", err)
	}
	return d, nil
}

// penalized is the direction of GradientPenalty.
type penalized struct {
	base
	lambda float64
	image  kernels.Buffer  // Hḡ [P]
	first  *objective.Pass // ḡ
	second *objective.Pass // Hḡ, and at its end the direction
}

func (d *penalized) prepare(batch int) (err error) {
	f := d.objective
	if d.image, err = f.NewVector(); err != nil {
		return err
	}
	if d.first, err = f.CompileGradient(batch, d.vector); err != nil {
		return err
	}
	loss := func(b *objective.Batch) *graph.Node { return b.Weighted(b.Here()) }
	d.second, err = d.penalty(batch, loss, d.vector, d.image, d.lambda)
	return err
}

// penalty is a pass that adds the gradient of λ‖g‖², 2λHg, to the direction: g is the gradient of a loss [n], a vector [P], and H its Hessian.
// image has room for Hg.
func (d *base) penalty(batch int, loss func(*objective.Batch) *graph.Node, g, image kernels.Buffer, lambda float64) (*objective.Pass, error) {
	return d.objective.Compile(batch, func(b *objective.Batch) {
		b.Sum(image, graph.HVP([]*graph.Node{loss(b)}, b.Params, b.Vector(g)))
	}, func(e *objective.End) {
		v := e.Flat(d.vector)
		e.Set(v, graph.Add(v, graph.Scale(e.Flat(image), 2*lambda)))
	})
}

func (d *penalized) Compute(batch []int, _ float64) (objective.Measured, error) {
	err := d.first.Run(batch)
	if err == nil {
		err = d.second.Run(batch)
	}
	return d.first.Measured(), err
}

// Cost counts the Hessian product as two gradients.
func (d *penalized) Cost(n int) float64 { return 3 * float64(n) }

func (d *penalized) Close() {
	d.second.Close()
	d.first.Close()
	objective.Free(d.image)
	d.base.Close()
}

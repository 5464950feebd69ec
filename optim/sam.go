package optim

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// SAM is sharpness-aware minimization over SGD (Foret, Kleiner, Mobahi and Neyshabur 2021): the gradient of the batch is taken where
// the loss is, to first order, largest within a distance ρ,
//
//	d = ḡ_B(θ + ρ ḡ_B(θ)/‖ḡ_B(θ)‖).
type SAM struct {
	Heavy
	Minibatch
	Rho float64 `json:"rho" range:"(0,inf)" search:"0.2 5" help:"ρ, the distance at which the gradient is taken"`
}

// DefaultSAM has the paper's ρ.
var DefaultSAM = SAM{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Rho: 0.05}

var _ Optimizer = SAM{}

func (o SAM) Direction(c Context) (Direction, error) { return NewSharpness(c, o.Rho) }

// Sharpness is the direction of SAM.
type Sharpness struct {
	base
	ascent kernels.Buffer  // ρ ḡ/‖ḡ‖ [P]
	first  *objective.Pass // ḡ at θ, and at its end the ascent
	second *objective.Pass // ḡ at θ + ascent
}

var _ Direction = (*Sharpness)(nil)

// tinyNorm keeps a gradient that vanishes from being divided by zero.
const tinyNorm = 1e-12

// NewSharpness prepares the gradient at a distance ρ.
func NewSharpness(c Context, rho float64) (*Sharpness, error) {
	b, err := newBase(c.Objective)
	if err != nil {
		return nil, err
	}
	d := &Sharpness{base: b}
	if err := d.prepare(c.Batch, rho); err != nil {
		d.Close()
		return nil, fmt.Errorf("the gradient at a distance of %v: %w", rho, err)
	}
	return d, nil
}

func (d *Sharpness) prepare(batch int, rho float64) (err error) {
	f := d.objective
	if d.ascent, err = f.NewVector(); err != nil {
		return err
	}
	d.first, err = f.Compile(batch, gradientInto(d.ascent), func(e *objective.End) {
		v := e.Flat(d.ascent)
		norm := graph.Sqrt(graph.SquaredNorm([]*graph.Node{v}))
		e.Set(v, graph.Mul(v, graph.BroadcastScalar(graph.Scale(graph.Recip(graph.AddConst(norm, tinyNorm)), rho), v.Shape()...)))
	})
	if err != nil {
		return err
	}
	d.second, err = f.Compile(batch, func(b *objective.Batch) {
		there := b.Here().Params
		moved := make([]*graph.Node, len(there))
		for k, v := range b.Vector(d.ascent) {
			moved[k] = graph.Add(there[k], v)
		}
		b.Sum(d.vector, b.Gradient(b.At(moved)))
	}, nil)
	return err
}

// Compute returns loss and accuracy at θ.
func (d *Sharpness) Compute(batch []int, _ float64) (objective.Measured, error) {
	err := d.first.Run(batch)
	if err == nil {
		err = d.second.Run(batch)
	}
	return d.first.Measured(), err
}

// Cost is two gradients.
func (d *Sharpness) Cost(n int) float64 { return 2 * float64(n) }

func (d *Sharpness) Close() {
	d.second.Close()
	d.first.Close()
	objective.Free(d.ascent)
	d.base.Close()
}

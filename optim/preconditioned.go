package optim

import (
	"drift/graph/objective"
	"drift/graph/sigma"
)

// Preconditioned is the direction of sigma-inverse: (Σ+δI)⁻¹ḡ over the batch.
type Preconditioned struct {
	base
	inverse  sigma.Inverse
	damping  sigma.Damping
	adaptive *marquardt // nil for damping that stays
}

var _ Direction = (*Preconditioned)(nil)

// NewPreconditioned takes over an inverse. Adaptive damping starts with the one given, and counts what clip, momentum and weight
// decay change about a step as a failure of its prediction.
func NewPreconditioned(f *objective.Objective, inverse sigma.Inverse, d sigma.Damping, adaptive bool) (*Preconditioned, error) {
	b, err := newBase(f)
	if err != nil {
		inverse.Close()
		return nil, err
	}
	s := &Preconditioned{base: b, inverse: inverse, damping: d}
	if adaptive {
		if s.adaptive, err = newMarquardt(f); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (d *Preconditioned) Compute(batch []int, rate float64) error {
	if d.adaptive == nil {
		return d.inverse.Solve(batch, d.damping, d.vector)
	}
	if err := d.adaptive.look(batch); err != nil {
		return err
	}
	damping := d.damping
	damping.Value *= d.adaptive.total
	if err := d.inverse.Solve(batch, damping, d.vector); err != nil {
		return err
	}
	value, err := d.objective.Value()
	if err != nil {
		return err
	}
	r, err := d.inverse.Report()
	if err != nil {
		return err
	}
	return d.adaptive.judge(value.Loss, rate, r.Descent)
}

// Cost counts the loss that adaptive damping takes as a third of a gradient.
func (d *Preconditioned) Cost(n int) float64 {
	cost := d.inverse.Cost(n)
	if d.adaptive != nil {
		cost += float64(n) / 3
	}
	return cost
}

func (d *Preconditioned) Metrics() map[string]float64 {
	r, err := d.inverse.Report()
	if err != nil {
		return nil
	}
	condition, err := d.inverse.Condition()
	if err != nil {
		return nil
	}
	return map[string]float64{"tr_sigma": r.Trace, "damping": r.Delta, "condition": condition}
}

func (d *Preconditioned) State(s objective.State) {
	if d.adaptive != nil {
		d.adaptive.state(s)
	}
	d.inverse.State(s)
}

func (d *Preconditioned) Close() {
	d.base.Close()
	d.inverse.Close()
	if d.adaptive != nil {
		d.adaptive.close()
	}
}

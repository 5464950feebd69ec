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

// NewPreconditioned takes over an inverse, for batches of n examples. Adaptive damping starts with the one given, and counts what clip, momentum and weight
// decay change about a step as a failure of its prediction.
func NewPreconditioned(f *objective.Objective, batch int, inverse sigma.Inverse, d sigma.Damping, adaptive bool) (*Preconditioned, error) {
	b, err := newBase(f)
	if err != nil {
		inverse.Close()
		return nil, err
	}
	s := &Preconditioned{base: b, inverse: inverse, damping: d}
	if adaptive {
		if s.adaptive, err = newMarquardt(f, batch); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (d *Preconditioned) Compute(batch []int, rate float64) (objective.Measured, error) {
	if d.adaptive == nil {
		return d.inverse.Solve(batch, d.damping, d.vector)
	}
	if err := d.adaptive.lossBefore(batch); err != nil {
		return objective.Measured{}, err
	}
	damping := d.damping
	damping.Value *= d.adaptive.total
	measured, err := d.inverse.Solve(batch, damping, d.vector)
	if err != nil {
		return measured, err
	}
	value, err := measured.Value()
	if err != nil {
		return measured, err
	}
	r, err := d.inverse.Report()
	if err == nil {
		d.adaptive.judge(value.Loss, rate, r.Descent)
	}
	return measured, err
}

// Cost counts the loss that adaptive damping takes as a third of a gradient.
func (d *Preconditioned) Cost(n int) float64 {
	cost := d.inverse.Cost(n)
	if d.adaptive != nil {
		cost += float64(n) / 3
	}
	return cost
}

func (d *Preconditioned) Metrics() (map[string]float64, error) {
	r, err := d.inverse.Report()
	if err != nil {
		return nil, err
	}
	condition, err := d.inverse.Condition()
	return map[string]float64{"tr_sigma": r.Trace, "damping": r.Delta, "condition": condition}, err
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

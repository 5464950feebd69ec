package optim

import (
	"fmt"
	"math"

	"drift/graph/objective"
	"drift/graph/sigma"
)

// Methods are how sigma-inverse may find (Σ+δI)⁻¹ḡ.
var Methods = []string{"gram", "lowrank", "diagonal", "kronecker"}

// SigmaInverse is the direction of sigma-inverse: (Σ+δI)⁻¹ḡ over the batch.
type SigmaInverse struct {
	base
	inverse  sigma.Inverse
	damping  sigma.Damping
	adaptive *marquardt // nil for damping that stays
}

var _ Direction = (*SigmaInverse)(nil)

// NewSigmaInverse takes over an inverse. Adaptive damping starts with the one given, and counts what clip, momentum and weight
// decay change about a step as a failure of its prediction.
func NewSigmaInverse(f *objective.Objective, inverse sigma.Inverse, d sigma.Damping, adaptive bool) (*SigmaInverse, error) {
	b, err := newBase(f)
	if err != nil {
		inverse.Close()
		return nil, err
	}
	s := &SigmaInverse{base: b, inverse: inverse, damping: d}
	if adaptive {
		if s.adaptive, err = newMarquardt(f); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func checkInverse(s Settings, examples int) error {
	batch := s.Batch
	if batch == 0 {
		batch = examples
	}
	switch {
	case s.Damping < 0 || math.IsNaN(s.Damping) || math.IsInf(s.Damping, 0):
		return fmt.Errorf("damping %v: give a finite number above 0", s.Damping)
	case batch < 2 || s.Sampling != "replacement" && examples%batch == 1:
		return fmt.Errorf("sigma-inverse takes the covariance over each batch, and batches of %d leave one with a single example among %d: give another --batch",
			batch, examples)
	case s.Average < 0 || s.Average >= 1 || math.IsNaN(s.Average):
		return fmt.Errorf("running average %v: give a number from 0 up to, not including, 1", s.Average)
	case s.Method == "lowrank":
		return s.lowRank(examples, 0).Check(math.MaxInt)
	}
	return nil
}

// lowRank is what lowrank knows of Σ.
func (s Settings) lowRank(examples int, seed uint64) sigma.LowRank {
	if s.Batch > 0 {
		examples = min(s.Batch, examples)
	}
	return sigma.LowRank{Rank: orDefault(s.Rank, 10), Refresh: orDefault(s.Refresh, 10), Window: orDefault(s.Window, sigma.Window(examples)),
		Average: s.Average, Seed: seed}
}

func inverse(f *objective.Objective, s Settings, seed uint64) (Direction, error) {
	var solver sigma.Inverse
	var err error
	switch s.Method {
	case "lowrank":
		solver, err = sigma.NewLowRankInverse(f, s.lowRank(f.Examples(objective.Train), seed))
	case "diagonal":
		solver, err = sigma.NewDiagonalInverse(f, s.Average)
	case "kronecker":
		solver, err = sigma.NewKroneckerInverse(f, s.Average, orDefault(s.Refresh, 10))
	default: // gram: Settings.Check knows no other
		solver, err = sigma.NewGramInverse(f)
	}
	if err != nil {
		return nil, err
	}
	damping := sigma.Damping{Value: s.Damping, Relative: s.DampingRelative}
	if s.Damping == 0 {
		damping.Value = 1
	}
	return NewSigmaInverse(f, solver, damping, s.DampingAdaptive)
}

func orDefault(n, standard int) int {
	if n == 0 {
		return standard
	}
	return n
}

func (d *SigmaInverse) Compute(batch []int, rate float64) error {
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
func (d *SigmaInverse) Cost(n int) float64 {
	cost := d.inverse.Cost(n)
	if d.adaptive != nil {
		cost += float64(n) / 3
	}
	return cost
}

func (d *SigmaInverse) Metrics() map[string]float64 {
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

func (d *SigmaInverse) State(s objective.State) {
	if d.adaptive != nil {
		d.adaptive.state(s)
	}
	d.inverse.State(s)
}

func (d *SigmaInverse) Close() {
	d.base.Close()
	d.inverse.Close()
	if d.adaptive != nil {
		d.adaptive.close()
	}
}

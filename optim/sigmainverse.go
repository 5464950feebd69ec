package optim

import (
	"errors"
	"fmt"
	"math"

	"drift/optim/checkpoint"
	"drift/optim/objective"
	"drift/optim/sigma"
)

// Methods are how sigma-inverse may find (Σ+δI)⁻¹ḡ.
var Methods = []string{"gram", "lowrank", "diagonal"}

// SigmaInverse is the direction of sigma-inverse: (Σ+δI)⁻¹ḡ over the batch.
//
// Adaptive damping follows Levenberg and Marquardt: before each step the loss of the step before, on its own batch, is compared
// with what that step should have gained, (η − η²/2)⟨ḡ, x⟩ for a quadratic with Hessian Σ+δI; δ is multiplied by 2/3
// where more than three quarters of it came true, by 3/2 where less than a quarter did. What clip, momentum and weight decay
// change about the step counts as a failure of the prediction.
type SigmaInverse struct {
	base
	inverse  sigma.Inverse
	damping  sigma.Damping
	adaptive bool
	last     []int   // the batch of the step before
	before   float64 // its loss before that step
	promised float64 // the gain that was predicted
}

var _ Direction = (*SigmaInverse)(nil)

// NewSigmaInverse takes over an inverse.
func NewSigmaInverse(f *objective.Objective, inverse sigma.Inverse, d sigma.Damping, adaptive bool) (*SigmaInverse, error) {
	b, err := newBase(f)
	return &SigmaInverse{base: b, inverse: inverse, damping: d, adaptive: adaptive}, err
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
	}
	return nil
}

func inverse(f *objective.Objective, s Settings, _ uint64) (Direction, error) {
	var solver sigma.Inverse
	var err error
	switch s.Method {
	case "", "gram":
		solver = sigma.NewGramInverse(f)
	case "lowrank":
		solver, err = sigma.NewLowRankInverse(f, orDefault(s.Rank, 10), orDefault(s.Refresh, 10))
	case "diagonal":
		solver, err = sigma.NewDiagonalInverse(f, s.Average)
	default:
		err = fmt.Errorf("unknown method %q: choose from %v", s.Method, Methods)
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
	if d.adaptive && len(d.last) > 0 {
		if err := d.adapt(); err != nil {
			return err
		}
	}
	if err := d.inverse.Solve(batch, d.damping, d.vector); err != nil || !d.adaptive {
		return err
	}
	value, err := d.objective.Value()
	if err != nil {
		return err
	}
	r, err := d.inverse.Report()
	d.last, d.before = append(d.last[:0], batch...), value.Loss
	d.promised = rate * math.Max(0.5, 1-rate/2) * r.Descent // beyond the quadratic's minimum, what a step of η = 1 gains
	return err
}

// adapt changes δ by how the last step went.
func (d *SigmaInverse) adapt() error {
	value, err := d.objective.Evaluate(objective.Train, d.last)
	if err != nil {
		return err
	}
	switch ratio := (d.before - value.Loss) / d.promised; {
	case !(ratio >= 0.25): // NaN too
		d.damping.Value *= 1.5
	case ratio > 0.75:
		d.damping.Value /= 1.5
	}
	if d.damping.Value > 1e30 {
		return errors.New("adaptive damping left all bounds: no step lowers the loss: give a lower --lr")
	}
	return nil
}

// Cost counts the loss that adaptive damping takes as a third of a gradient.
func (d *SigmaInverse) Cost(n int) float64 {
	cost := d.inverse.Cost(n)
	if d.adaptive {
		cost += float64(n) / 3
	}
	return cost
}

func (d *SigmaInverse) Metrics() map[string]float64 {
	r, err := d.inverse.Report()
	if err != nil {
		return nil
	}
	return map[string]float64{"tr_sigma": r.Trace, "damping": r.Delta, "condition": r.Condition}
}

func (d *SigmaInverse) Save(into checkpoint.Vectors) error {
	if d.adaptive {
		state := []float64{d.damping.Value, d.before, d.promised}
		for _, n := range d.last {
			state = append(state, float64(n))
		}
		into["damping"] = state
	}
	return d.inverse.Save(into)
}

func (d *SigmaInverse) Restore(from checkpoint.Vectors) error {
	if d.adaptive {
		state, ok := from["damping"].([]float64)
		if !ok || len(state) < 3 {
			return errors.New("restoring the checkpoint: it has no adaptive damping: it belongs to a run with other settings")
		}
		d.damping.Value, d.before, d.promised = state[0], state[1], state[2]
		for _, n := range state[3:] {
			d.last = append(d.last, int(n))
		}
	}
	return d.inverse.Restore(from)
}

func (d *SigmaInverse) Close() {
	d.base.Close()
	d.inverse.Close()
}

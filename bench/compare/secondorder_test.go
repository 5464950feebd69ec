package compare

import (
	"math"
	"testing"

	"drift/graph/nn"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/optim"
)

// At a learning rate where leading order leaves a good part of what separates SGD from GD, drift and diffusion together leave little;
// few pairs of shuffles tell.
func TestSecondOrderExplainsMoreThanTheRegularizer(t *testing.T) {
	for name, base := range map[string]optim.SGD{
		"plain":    sgd(0.04, 8),
		"momentum": momentum(sgd(0.015, 8), 0.9, false),
		"nesterov": momentum(sgd(0.015, 8), 0.9, true),
	} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(base, 2, "sgd", "gd", "gd-reg"), Seeds: []uint64{1, 2, 3}, Pairs: 48, Paths: 8}
		o := compared(t, e)
		s, reg := o.SecondOrder, o.Rows[2].DriftExplained
		if s == nil {
			t.Errorf("%s: no expansion", name)
			continue
		}
		both, around := least(s.Both), least(s.AroundMean)
		if both < 0.9 || both > 1 || both < reg.Mean || both < s.Drift.Mean || both < s.Diffusion.Mean || around < 0.9 {
			t.Errorf("%s: explained by the regularizer %v, to second order %+v", name, reg, s)
			continue
		}
		if v := s.Validity; !(v.Curvature > 0.01 && v.Curvature < 1) || !math.IsNaN(float64(v.Crossed)) { // tanh has no kinks
			t.Errorf("%s: %+v", name, v)
		}
		if p := s.Precision; p.Expanded < 1 || p.Simulated < 1 {
			t.Errorf("%s: %+v", name, p)
		}
		if left := 1 - both; s.Kinks != nil || least(s.LeftOdd)+least(s.LeftEven) < 0.8*left || least(s.LeftOdd) > 0.2 || least(s.LeftEven) > 0.2 {
			t.Errorf("%s: odd %v, even %v of what is left, %v; kinks %v", name, s.LeftOdd, s.LeftEven, left, s.Kinks)
		}
		if deviation := float64(s.StandardErrors.Both); s.Both.Known() && !(deviation > 0 && deviation < 0.05) || s.Pairs != 8 {
			t.Errorf("%s: standard error %v from %d pairs", name, deviation, s.Pairs)
		}
	}
}

// least is a share, or the bound of one that is not resolved.
func least(s *Share) float64 {
	if s.Known() {
		return s.Mean
	}
	return s.Bound()
}

// Where gradients are clipped or batches are drawn with replacement there is no expansion.
func TestNoExpansionWhereNoneHolds(t *testing.T) {
	clipped, replaced := sgd(0.01, 8), sgd(0.01, 8)
	clipped.Clip, replaced.Sampling = 1, "replacement"
	for name, base := range map[string]optim.SGD{"clipped": clipped, "with replacement": replaced} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(base, 2, "sgd", "gd"), Seeds: []uint64{1}, Pairs: 2, Paths: 2}
		if o := compared(t, e); o.SecondOrder != nil {
			t.Errorf("%s: %+v", name, o.SecondOrder)
		}
	}
}

// With ReLU the expansion misses what crossed kinks contribute. Where every unit is held on its side it holds as for a smooth network.
func TestKinksAreToldApart(t *testing.T) {
	open := openerOn(glyphs, "mlp:16", nn.CrossEntropy{}, func() kernels.Device { return cpu.New(cpu.Options{Threads: 1}) })
	e := Experiment{Open: open, Entries: entries(sgd(0.02, 8), 2, "sgd", "gd"), Seeds: []uint64{1, 2}, Pairs: 48, Paths: 8}
	s := compared(t, e).SecondOrder
	if s == nil || s.Kinks == nil || s.HeldBoth == nil {
		t.Fatalf("%+v", s)
	}
	if !(s.Kinks.Mean > 0.1 && s.HeldBoth.Mean > 0.95 && s.HeldBoth.Mean > s.Both.Mean+0.1) {
		t.Errorf("kinks %v, both %v, with held sides %v", s.Kinks, s.Both, s.HeldBoth)
	}
}

package optim

import (
	"math"
	"testing"

	"drift/optim/options"
)

// with is a registered optimizer with other options, given as names and texts in turns.
func with(t *testing.T, name string, changes ...string) Optimizer {
	t.Helper()
	o, found := Lookup(name)
	if !found {
		t.Fatalf("there is no optimizer %s", name)
	}
	for i := 0; i < len(changes); i += 2 {
		var err error
		if o, err = options.Set(o, changes[i], changes[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestOptimizersThatDoNotFit(t *testing.T) {
	nan := DefaultSGD
	nan.LearningRate = math.NaN()
	for what, o := range map[string]Optimizer{
		"rate":        nan,
		"nesterov":    with(t, "sgd", "nesterov", "true"),
		"batch":       with(t, "sgd", "batch", "61"),
		"warmup":      with(t, "sgd", "warmup", "10"),
		"least rate":  with(t, "sgd", "lr_min", "0.01"),
		"least rate ": with(t, "sgd", "schedule", "cosine", "lr_min", "1"),
		"lambda":      with(t, "gd-reg"),
		"emulate":     with(t, "gd-reg", "emulate_batch", "61"),
		"blocks":      with(t, "gd-reg", "emulate_batch", "16", "penalty", "blocks"),
		"no block":    with(t, "gd-reg", "lambda", "1", "estimator", "difference"),
		"noise":       with(t, "gd-noise"),
		"larger":      with(t, "sgd-reg", "batch", "12", "emulate_batch", "13"),
		"alone":       with(t, "sgd-reg", "batch", "59", "emulate_batch", "13"),
		"single":      with(t, "sigma-inverse", "batch", "1"),
		"remainder":   with(t, "sigma-inverse", "batch", "59"),
		"rank":        with(t, "sigma-inverse", "method", "lowrank", "window", "1", "batch", "20"),
	} {
		if err := Check(o, Problem{Examples: 60, Steps: 10}); err == nil {
			t.Errorf("%s: %+v was accepted", what, o)
		}
	}
}

// Every registered optimizer has a type of its own, options with help, numbers that cannot be just any, defaults that their tags allow, and a
// learning rate to tune.
func TestRegisteredOptimizers(t *testing.T) {
	for _, e := range Registered() {
		if NameOf(e.Optimizer) != e.Name {
			t.Errorf("%s: its type is that of %s", e.Name, NameOf(e.Optimizer))
		}
		if err := options.Check(e.Optimizer); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		for _, f := range options.Of(e.Optimizer) {
			if f.Help == "" {
				t.Errorf("%s: option %s has no help", e.Name, f.Name)
			}
			if _, err := options.Set(e.Optimizer, f.Name, "-2"); err == nil {
				t.Errorf("%s: option %s can be -2", e.Name, f.Name)
			}
		}
		if f, found := options.Find(e.Optimizer, "lr"); !found || f.Search == nil {
			t.Errorf("%s: there is no learning rate to search", e.Name)
		}
	}
}

// sgd-reg's λ is (η/4)(1/b − 1/B), and with momentum the difference of the coefficients that make full batches follow b and B.
func TestCoefficientOfLargeBatches(t *testing.T) {
	const n, eta = 240, 0.3
	o := with(t, "sgd-reg", "batch", "60", "emulate_batch", "10").(SGDReg)
	if got, want := o.Coefficient(eta, n), eta/4*(1./10-1./60); math.Abs(got-want) > 1e-15 {
		t.Errorf("λ = %v, want %v", got, want)
	}
	o.Momentum = 0.9
	want := Emulation{n, 10, MomentumWeights{Mu: 0.9}}.Coefficient(eta) - Emulation{n, 60, MomentumWeights{Mu: 0.9}}.Coefficient(eta)
	if got := o.Coefficient(eta, n); math.Abs(got-want) > 1e-12*want {
		t.Errorf("with momentum λ = %v, want %v", got, want)
	}
	if o.EmulateBatch = 60; o.Coefficient(eta, n) != 0 {
		t.Errorf("batches that follow themselves have λ = %v", o.Coefficient(eta, n))
	}
	if o.Lambda = 0.5; o.Coefficient(eta, n) != 0.5 {
		t.Errorf("a λ set by hand became %v", o.Coefficient(eta, n))
	}
}

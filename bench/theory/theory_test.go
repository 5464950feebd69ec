package theory

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels/cpu"
	"drift/optim"
)

// open is a world over a data spec, or a skipped test where its files are absent.
func open(t testing.TB, model string, loss nn.Loss, spec string) *World {
	t.Helper()
	split, err := data.Load(spec, data.Options{Seed: 1})
	if err != nil && strings.HasPrefix(spec, "fashion-mnist") && os.Getenv("DRIFT_DATA") == "" {
		t.Skipf("no Fashion-MNIST here: %v", err)
	}
	must(t, err)
	m, err := nn.Parse(model, split.Train.Shape, max(split.Train.Classes, split.Train.Outputs), loss)
	must(t, err)
	w, err := NewWorld(context.Background(), cpu.New(cpu.Options{Threads: 1}), m, split, m.Init(1), objective.Options{})
	must(t, err)
	t.Cleanup(w.Close)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func complain(t *testing.T, c Check) {
	t.Helper()
	t.Errorf("%s %s: predicted %.6g, measured %.6g, relative error %.3g, slope %.3f for %.0f, z %.2f: %s",
		c.Equation, c.Name, c.Predicted, c.Measured, c.RelativeError, c.Slope, c.SlopeExpected, c.Z, c.Note)
}

// groupnorm is a small network with convolution and group normalisation for images of 8×8 or 28×28.
func groupnorm(kernel, stride string) string {
	return `{"layers": [{"conv2d": {"out": 4, "kernel": ` + kernel + `, "stride": ` + stride + `}},
		{"groupnorm": {"groups": 2}}, "tanh", "flatten", {"linear": {"out": 10}}]}`
}

// Every statement holds, and every wrong one is rejected, on all kinds of models, both losses and several data sets.
func TestTheoryHolds(t *testing.T) {
	for _, c := range []struct {
		name, model string
		loss        nn.Loss
		data        string
		draws       int
	}{
		{"linear", "linear", nn.MSE{}, "gaussian,dim=6,train=64,test=64", 2000},
		{"logistic", "linear", nn.CrossEntropy{}, "glyphs,size=8,train=64,test=64", 2000},
		{"tanh, squared error", "mlp:6,act=tanh", nn.MSE{}, "teacher,dim=8,classes=0,train=64,test=64", 2000},
		{"relu", "mlp:8,8", nn.CrossEntropy{}, "glyphs,size=8,train=64,test=64", 2000},
		{"relu, squared error", "mlp:6", nn.MSE{}, "teacher,dim=8,classes=0,train=64,test=64", 2000},
		{"group norm", groupnorm("4", "2"), nn.CrossEntropy{}, "glyphs,size=8,train=64,test=64", 600},
		{"tanh, Fashion-MNIST", "mlp:4,act=tanh", nn.CrossEntropy{}, "fashion-mnist,train=64,test=64", 600},
		{"group norm, Fashion-MNIST", groupnorm("8", "10"), nn.CrossEntropy{}, "fashion-mnist,train=64,test=64", 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Examples: 6, Batches: []int{2, 3, 6}, Momenta: []float64{0.9}, Draws: c.draws, Seed: 1}
			checks, err := Run(open(t, c.model, c.loss, c.data), o)
			must(t, err)
			for _, c := range checks {
				if !c.Pass {
					complain(t, c)
				}
			}
		})
	}
}

// A wrong constant is caught by the checks that speak of it, at N = 8; with the right ones all pass.
func TestMutationsAreCaught(t *testing.T) {
	w := open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=64,test=64")
	l, err := newLab(w, Options{Batches: []int{2, 4}, Momenta: []float64{0.5, 0.9}, Rates: 5})
	must(t, err)
	for _, m := range []struct {
		name   string
		claims claims
		run    func() []Check
		caught []string // beginnings of the names of checks that must fail
	}{
		{"coefficient of (13)", claims{drift: 1.05, antisymmetric: 4, divergence: 1}, l.regularized,
			[]string{"GD and SGD in two halves", "4 batches", "momentum 0.5, 4", "momentum 0.9, 4", "two GD updates", "4 GD updates"}},
		{"Σ over N", claims{drift: 1, biased: true, antisymmetric: 4, divergence: 1}, l.moments, []string{"tr Σ from", "∂tr Σ from", "tr Σ with"}},
		{"Σ over N in (5)", claims{drift: 1, biased: true, antisymmetric: 4, divergence: 1}, l.overlaps, []string{"two subsets"}},
		{"Σ over N in (9)", claims{drift: 1, biased: true, antisymmetric: 4, divergence: 1}, l.halves, []string{"the gap drifts by η tr Σ/|B|"}},
		{"antisymmetric part of (12)", claims{drift: 1, divergence: 1}, l.two, []string{"GD and SGD differ"}},
		{"sign in §4", claims{drift: 1, antisymmetric: 4, divergence: -1}, l.halves, []string{"where test gradients differ"}},
		{"propagation beyond leading order", claims{beyond: prediction{curvature: 0.9, population: 1, third: 1}}, l.beyond,
			[]string{"SGD, 5", "momentum 0.5, 5", "momentum 0.9, 5", "Nesterov momentum 0.9, 5", "a constant diagonal M, 5", "3 batches"}},
		{"finite population beyond leading order", claims{beyond: prediction{curvature: 1, population: 0.9, third: 1}}, l.beyond,
			[]string{"SGD, 3", "momentum 0.5, 3", "momentum 0.9, 3", "Nesterov momentum 0.9, 3", "a constant diagonal M, 3", "3 batches"}},
		{"diffusion beyond leading order", claims{beyond: prediction{curvature: 1, population: 1, third: 0.9}}, l.beyond,
			[]string{"SGD, 3", "momentum 0.5, 3", "momentum 0.9, 3", "Nesterov momentum 0.9, 3", "a constant diagonal M, 3", "3 batches"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			l.claims = m.claims
			for _, c := range m.run() {
				for _, name := range m.caught {
					if strings.HasPrefix(c.Name, name) && c.Pass {
						complain(t, c)
					}
				}
			}
			l.claims = stated
			for _, c := range m.run() {
				if !c.Pass {
					complain(t, c)
				}
			}
		})
	}
	must(t, l.Err())
}

// For one fixed training set, an epoch of 8 batches drifts by what (13) says within 1 % as η goes to 0, with and without momentum.
func TestEightBatches(t *testing.T) {
	l, err := newLab(open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8"), Options{})
	must(t, err)
	_, gradient := l.sigma(l.few)
	for _, mu := range []float64{0, 0.5, 0.9} {
		d := Descent{MomentumWeights: optim.MomentumWeights{Mu: mu}}
		d.Rate = l.reach / d.Updates(8) / 64
		drift := minus(l.Full(d, l.few, 8), l.OverSplits(d, l.few, 8))
		c := blank("(13)", d.describe()).compare(times(d.Pairs(8)*d.Rate*d.Rate/16, gradient), drift)
		if !(c.RelativeError < leadingTolerance) {
			complain(t, c)
		}
	}
	must(t, l.Err())
}

// Means over random shuffles of few examples hold too: batches of one would have the same pairs in all of them, no spread at the order in question,
// and a standard error that what is left out of the next order exceeds 200 times.
func TestShufflesOfFewExamples(t *testing.T) {
	l, err := newLab(open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8"), Options{})
	must(t, err)
	for _, c := range l.sampled() {
		if !c.Pass {
			complain(t, c)
		}
	}
	must(t, l.Err())
	for n, want := range map[int]int{2: 2, 4: 2, 8: 4, 15: 4, 16: 8, 40: 8} {
		if got := batchesOf(n); got != want {
			t.Errorf("%d examples come in %d batches, want %d", n, got, want)
		}
	}
}

// The mean over shuffles is that over all orders written out one by one.
func TestOverSplitsTakesEveryShuffle(t *testing.T) {
	w := open(t, "linear", nn.MSE{}, "gaussian,dim=3,train=8,test=8")
	d := Descent{Rate: 0.05, MomentumWeights: optim.MomentumWeights{Mu: 0.5, Nesterov: true}}
	examples := []int{4, 1, 6, 3}
	want, orders := make([]float64, w.Parameters()), 0.0
	for _, a := range examples {
		for _, b := range examples {
			for _, c := range examples {
				for _, e := range examples {
					if a != b && a != c && a != e && b != c && b != e && c != e {
						floats.Add(want, w.Follow(d, [][]int{{a, b}, {c, e}}))
						orders++
					}
				}
			}
		}
	}
	floats.Scale(1/orders, want)
	if got := w.OverSplits(d, examples, 2); floats.Distance(got, want, 2) > 1e-14*floats.Norm(want, 2) || orders != 24 {
		t.Errorf("over splits %v, over %v orders %v", got, orders, want)
	}
	if n := evaluations(8, 4); n != 28+420+2520+2520 {
		t.Errorf("%d evaluations", n)
	}
}

// readings are of a statement with an error of c·η^power and rounding of a fixed size.
func synthetic(c, power, rounding float64) []reading {
	var all []reading
	for k := range 8 {
		rate := math.Ldexp(0.1, -k)
		wave := rounding * float64(2*(k%2)-1)
		all = append(all, reading{rate: rate, predicted: []float64{rate}, measured: []float64{rate + c*math.Pow(rate, power) + wave}, rounding: rounding})
	}
	return all
}

func TestSlopesLeaveRoundingOut(t *testing.T) {
	for _, c := range []struct {
		name     string
		readings []reading
		pass     bool
		note     string
	}{
		{"clean", synthetic(1, 3, 1e-16), true, ""},
		{"rounding at small rates", synthetic(1, 3, 2e-9), true, "rounding dominates at 2 of 8 rates, left out"},
		{"rounding almost everywhere", synthetic(1, 3, 1e-5), false, "a slope needs 5"},
		{"no remainder", synthetic(0, 3, 1e-16), true, "no remainder"},
		{"wrong order", synthetic(1, 2, 1e-16), false, ""},
		{"wrong leading term", scaled(synthetic(1, 3, 1e-16), mutation), false, ""},
	} {
		got := order("", c.name, 3, c.readings)
		if got.Pass != c.pass || !strings.Contains(got.Note, c.note) || c.note == "" && got.Note != "" {
			complain(t, got)
		}
	}
}

// Higher rates are used where rounding leaves too few, up to the number that a slope needs.
func TestLaddersReachUpWhereRoundingDominates(t *testing.T) {
	for rounding, want := range map[float64]int{1e-12: 6, 1e-8: 8, 1e-6: 9} {
		l := &lab{Options: Options{Rates: 6}}
		readings := l.ladder(0x1p-7, proportional, func(rate float64) []pair {
			return []pair{{[]float64{rate}, []float64{rate + rate*rate*rate + rounding*rate}}}
		})[0]
		if c := order("", "", 3, readings); len(readings) != want || c.Pass != (want < 9) {
			t.Errorf("rounding %v: %d rates, want %d: %+v", rounding, len(readings), want, c)
		}
		for k, r := range readings[1:] {
			if r.rate != readings[k].rate/2 {
				t.Errorf("rounding %v: rate %v after %v", rounding, r.rate, readings[k].rate)
			}
		}
	}
}

func TestControlsMustBeClearlyRejected(t *testing.T) {
	for z, want := range map[float64]bool{0: false, 3: false, 5: false, -9: false, 11: true, -20: true} {
		c := control("", average("", "", 1, estimate{1 + z, 1}))
		if c.Pass != want || !c.Control {
			t.Errorf("a wrong statement %v standard errors off: pass %v", z, c.Pass)
		}
	}
	if c := control("", equal("", "", []float64{1}, []float64{1})); c.Pass {
		t.Error("a control that holds passed")
	}
}

func TestCheckJSON(t *testing.T) {
	c := order("(6)", "name", 2, synthetic(1, 2, 1e-16))
	text, err := json.Marshal(c)
	must(t, err)
	var got map[string]any
	must(t, json.Unmarshal(text, &got))
	for _, key := range []string{"equation", "name", "predicted", "measured", "relative_error", "slope", "slope_expected", "z", "control", "pass"} {
		if _, there := got[key]; !there {
			t.Errorf("no %q in %s", key, text)
		}
	}
	if got["z"] != nil || got["slope_expected"] != 2.0 || got["pass"] != true || got["control"] != false {
		t.Errorf("%s", text)
	}
}

func TestWhatCannotBeCheckedIsRefused(t *testing.T) {
	w := open(t, "linear", nn.MSE{}, "gaussian,dim=3,train=16,test=0")
	if len(w.Train) != 8 || len(w.Test) != 8 {
		t.Errorf("without test examples: %d and %d", len(w.Train), len(w.Test))
	}
	for _, o := range []Options{{Examples: 3}, {Examples: 8, Batches: []int{3}}, {Examples: 64}, {Momenta: []float64{1}}, {Rates: 4},
		{Examples: 12, Batches: []int{12}}, {Examples: 10, Batches: []int{2}}} {
		if _, err := Run(w, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx = ctx
	o := Options{Draws: 100, Progress: func(done, _ int, _ string) {
		if done == 2 {
			cancel()
		}
	}}
	if _, err := Run(w, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

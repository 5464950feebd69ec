package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
	"drift/optim/optimtest"
)

// runsRounded is the runs in float32 whose parameters are rounded at random.
const runsRounded = 16

// Every optimizer trains where numbers of examples are stored as bfloat16. Parameters stay float32, so that no step is rounded away. How far
// the loss in the end, worked out in float32, is from float32's is held against runs in float32 whose directions are taken where every parameter is
// off by a random part of 2⁻⁸ of itself, as the copies are that products read, the same part in all of a run, as inputs are: the largest distance of
// sixteen of those. Six kinds of numbers are rounded alike on the way of one direction, inputs, parameters, hidden units, logits and the adjoints of
// the last two, whose errors add up in quadrature to √6 of one; of normal errors, one in some thousands is more than twice as far off as the farthest
// of sixteen.
func TestEveryOptimizerDescendsNarrow(t *testing.T) {
	device := devicetest.Narrow(t)
	host := cpu.New(cpu.Options{Threads: 2})
	defer host.Close()
	split, model := optimtest.Problem(t, "glyphs,train=60,test=40,size=8", "mlp:12")
	begin := func(dev kernels.Device) *objective.Objective {
		f, err := optimtest.Begin(dev, model, split, objective.Options{DType: kernels.Float32, Chunk: 25})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	judge := begin(host)
	defer judge.Close()
	for name, r := range runs {
		before, want := r.ends(t, begin(host), judge, nil)
		_, got := r.ends(t, begin(device), judge, nil)
		if !(got <= 0.85*before) {
			t.Errorf("%s: loss %v before, %v in the end", name, before, got)
		}
		spread := 0.0
		for seed := range uint64(runsRounded) {
			_, end := r.ends(t, begin(host), judge, rand.New(rand.NewPCG(seed, 1)))
			spread = max(spread, math.Abs(end-want))
		}
		t.Logf("%s: loss %.5f, in float32 %.5f: %.2f of the spread", name, got, want, math.Abs(got-want)/spread)
		if !(math.Abs(got-want) <= 2*math.Sqrt(6)*spread) {
			t.Errorf("%s: loss %v, in float32 %v, and %v more or less where parameters are rounded", name, got, want, spread)
		}
	}
}

// ends is the loss before a run and after it, as another objective judges it. With random numbers each step takes its direction where parameters are rounded by them.
func (r run) ends(t *testing.T, f, judge *objective.Objective, rounding *rand.Rand) (before, after float64) {
	t.Helper()
	defer f.Close()
	trainer, err := New(f, r.optimizer, r.options())
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	loss := func() float64 {
		if err := judge.Parameters().Write(theta(t, trainer)); err != nil {
			t.Fatal(err)
		}
		m, err := judge.Evaluate(judge.All(objective.Train))
		if err != nil {
			t.Fatal(err)
		}
		return m.Loss
	}
	before = loss()
	factors, errors := make([]float64, f.Parameters().Len()), make([]float64, f.Parameters().Len())
	for i := range factors {
		if rounding != nil {
			factors[i] = 0x1p-8 * (2*rounding.Float64() - 1)
		}
	}
	for range trainer.Options.Steps {
		if rounding != nil {
			for i, x := range theta(t, trainer) {
				errors[i] = factors[i] * x
			}
			shift(t, trainer, errors, 1)
		}
		if err := trainer.Step(); err != nil {
			t.Fatalf("%T: %v", r.optimizer, err)
		}
		if rounding != nil {
			shift(t, trainer, errors, -1)
		}
	}
	return before, loss()
}

// shift moves the parameters by a multiple of a vector.
func shift(t *testing.T, trainer *Trainer, by []float64, times float64) {
	t.Helper()
	x := theta(t, trainer)
	for i := range x {
		x[i] += times * by[i]
	}
	if err := trainer.Objective.Parameters().Write(x); err != nil {
		t.Fatal(err)
	}
}

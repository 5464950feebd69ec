package optim

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/checkpoint"
)

// rules are the transformations and the same in plain numbers, as PyTorch's SGD has them: one step from θ and v by d.
var rules = map[string]struct {
	transform Transform
	reference func(theta, v, d []float64) []float64
}{
	"none":     {Chain{}, func(_, _, d []float64) []float64 { return d }},
	"momentum": {Momentum{0.9}, func(_, v, d []float64) []float64 { return heavyBall(0.9, v, d) }},
	"nesterov": {Nesterov{0.8}, func(_, v, d []float64) []float64 { return plus(d, 0.8, heavyBall(0.8, v, d)) }},
	"decay":    {WeightDecay{0.01}, func(theta, _, d []float64) []float64 { return plus(d, 0.01, theta) }},
	"clip":     {Clip{1}, func(_, _, d []float64) []float64 { return clipped(1, d) }},
	"clip far": {Clip{1e3}, func(_, _, d []float64) []float64 { return d }},
	"all three": {Chain{Clip{1}, WeightDecay{0.1}, Momentum{0.5}},
		func(theta, v, d []float64) []float64 { return heavyBall(0.5, v, plus(clipped(1, d), 0.1, theta)) }},
}

func plus(x []float64, c float64, y []float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] + c*y[i]
	}
	return out
}

func heavyBall(mu float64, v, d []float64) []float64 {
	copy(v, plus(d, mu, v))
	return v
}

func clipped(norm float64, d []float64) []float64 {
	var square float64
	for _, x := range d {
		square += x * x
	}
	return plus(make([]float64, len(d)), min(1, norm/(math.Sqrt(square)+1e-6)), d)
}

type bench struct {
	dev             kernels.Device
	theta, gradient kernels.Buffer
	update          *Update
}

func newBench(t *testing.T, transform Transform, dtype kernels.DType, start []float64) bench {
	t.Helper()
	return newBenchOf(t, nil, transform, dtype, start)
}

func newBenchOf(t *testing.T, params []objective.Param, transform Transform, dtype kernels.DType, start []float64) bench {
	t.Helper()
	dev := devicetest.Open(1)
	t.Cleanup(func() { dev.Close() })
	b := bench{dev: dev}
	var err error
	for _, buffer := range []*kernels.Buffer{&b.theta, &b.gradient} {
		if *buffer, err = dev.NewBuffer(dtype, len(start)); err != nil {
			t.Fatal(err)
		}
	}
	if b.update, err = NewUpdate(dev, transform, params, b.theta, b.gradient); err != nil {
		t.Fatal(err)
	}
	if err := b.theta.Write(start); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b bench) step(t *testing.T, rate float64, d []float64) []float64 {
	t.Helper()
	theta := make([]float64, len(d))
	if err := b.gradient.Write(d); err != nil {
		t.Fatal(err)
	}
	if err := b.update.Step(rate); err != nil {
		t.Fatal(err)
	}
	if err := b.theta.Read(theta); err != nil {
		t.Fatal(err)
	}
	return theta
}

func normal(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// The tolerances are a few roundings of each of ten steps on numbers near 1.
func TestUpdatesFollowTheirRules(t *testing.T) {
	for name, rule := range rules {
		for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-14, kernels.Float32: 1e-5} {
			r := rand.New(rand.NewPCG(1, 1))
			theta, v := normal(r, 37), make([]float64, 37)
			b := newBench(t, rule.transform, dtype, theta)
			for step := range 10 {
				d, rate := normal(r, 37), 0.1/float64(step+1)
				got := b.step(t, rate, d)
				theta = plus(theta, -rate, rule.reference(theta, v, d))
				for i := range got {
					if math.Abs(got[i]-theta[i]) > tolerance {
						t.Fatalf("%s, %v, step %d: θ[%d] = %v, want %v", name, dtype, step, i, got[i], theta[i])
					}
				}
			}
		}
	}
}

func TestUpdatesResumeWithTheSameBits(t *testing.T) {
	for name, rule := range rules {
		for _, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
			r := rand.New(rand.NewPCG(2, 2))
			start, first, second := normal(r, 19), normal(r, 19), normal(r, 19)
			whole := newBench(t, rule.transform, dtype, start)
			middle := whole.step(t, 0.1, first)
			saved := checkpoint.Vectors{}
			if err := saved.Save(whole.update.State); err != nil {
				t.Fatal(err)
			}
			resumed := newBench(t, rule.transform, dtype, middle)
			if err := saved.Restore(resumed.update.State); err != nil {
				t.Fatal(err)
			}
			want, got := whole.step(t, 0.1, second), resumed.step(t, 0.1, second)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s, %v: θ[%d] = %v after resuming, %v in one go", name, dtype, i, got[i], want[i])
				}
			}
		}
	}
}

func TestRestoreRefusesAnotherRunsState(t *testing.T) {
	b := newBench(t, Momentum{0.9}, kernels.Float32, []float64{1, 2})
	for name, vectors := range map[string]checkpoint.Vectors{
		"none": {}, "another length": {"momentum": []float32{1}}, "another type": {"momentum": []float64{1, 2}},
		"more than it knows": {"momentum": []float32{1, 2}, "second": []float32{1, 2}},
	} {
		if err := vectors.Restore(b.update.State); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	b := newBench(t, rules["all three"].transform, kernels.Float32, make([]float64, 1000))
	if n := testing.AllocsPerRun(10, func() {
		if err := b.update.Step(0.1); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

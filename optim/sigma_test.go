package optim

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/data/random"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/optimtest"
)

// gradients is the per-example gradients of all training examples, written out, and their mean.
func gradients(t testing.TB, f *objective.Objective) (g [][]float64, mean []float64) {
	t.Helper()
	v, err := f.NewVector()
	if err != nil {
		t.Fatal(err)
	}
	mean = make([]float64, v.Len())
	for n := range f.Examples(objective.Train) {
		if err := f.Gradient([]int{n}, v); err != nil {
			t.Fatal(err)
		}
		g = append(g, optimtest.Read(t, v))
		floats.AddScaled(mean, 1/float64(f.Examples(objective.Train)), g[n])
	}
	return g, mean
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if d := floats.Distance(got, want, 2); !(d <= tolerance*floats.Norm(want, 2)) {
		t.Errorf("%s: distance %.3g from one of norm %.3g, want at most %g of it", what, d, floats.Norm(want, 2), tolerance)
	}
}

// The noise is the linear map of independent normal numbers whose covariance is Σ/B, or that of the same trace.
func TestNoiseHasItsCovariance(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float64, 1)
	g, mean := gradients(t, f)
	n, trace := float64(len(g)), 0.0
	for _, x := range g {
		trace += math.Pow(floats.Distance(x, mean, 2), 2) / (n - 1)
	}
	for _, kind := range []string{"isotropic", "sigma"} {
		d, err := NewNoise(f, kind, 12, 5)
		if err != nil {
			t.Fatal(err)
		}
		for step := range uint64(2) {
			if _, err := d.Compute(f.All(objective.Train), 0.1); err != nil {
				t.Fatal(err)
			}
			r, want := random.New(5, "noise").At(step).Rand, append([]float64(nil), mean...)
			if kind == "isotropic" {
				floats.AddScaled(want, math.Sqrt(trace/12/float64(len(mean))), normals(r, len(mean)))
			} else {
				for k, z := range normals(r, len(g)) {
					floats.AddScaled(want, z/math.Sqrt(12*(n-1)), g[k])
					floats.AddScaled(want, -z/math.Sqrt(12*(n-1)), mean)
				}
			}
			near(t, kind, optimtest.Read(t, d.Vector()), want, 1e-10)
		}
		d.Close()
	}
}

// six examples can be split into three pairs in fifteen ways.
var splits = func() (all [][][]int) {
	for _, a := range []int{1, 2, 3, 4, 5} {
		var rest []int
		for k := 1; k < 6; k++ {
			if k != a {
				rest = append(rest, k)
			}
		}
		for b := 1; b < 4; b++ {
			last := []int{}
			for k := 1; k < 4; k++ {
				if k != b {
					last = append(last, rest[k])
				}
			}
			all = append(all, [][]int{{0, a}, {rest[0], rest[b]}, last})
		}
	}
	return all
}()

func sixExamples(t testing.TB) *objective.Objective {
	t.Helper()
	split, model := optimtest.Problem(t, "glyphs,train=6,test=0,size=8", "mlp:5,act=tanh")
	f, err := optimtest.Begin(devicetest.Open(1), model, split, objective.Options{DType: kernels.Float64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// Smith's penalty (η/4m) Σ_k ‖ĝ_k‖² less gradient descent's own term (η/4)‖ḡ‖², averaged over all splits, is ((m−1)/4)·η·tr Σ/N.
func TestPenaltyOfBlocksIsThatOfTheTrace(t *testing.T) {
	const eta, m, n = 0.3, 3, 6
	f := sixExamples(t)
	g, mean := gradients(t, f)
	penalty, trace := -eta/4*floats.Dot(mean, mean), 0.0
	for _, split := range splits {
		for _, block := range split {
			sum := make([]float64, len(mean))
			for _, k := range block {
				floats.AddScaled(sum, 1./2, g[k])
			}
			penalty += eta / (4 * m) * floats.Dot(sum, sum) / float64(len(splits))
		}
	}
	for _, x := range g {
		trace += math.Pow(floats.Distance(x, mean, 2), 2) / (n - 1)
	}
	near(t, "penalty", []float64{penalty}, []float64{(m - 1) / 4. * eta * trace / n}, 1e-12)
}

// The directions have the gradients of those penalties, over all splits in the mean: exactly, or to what differences leave.
func TestDirectionsOfBlocks(t *testing.T) {
	const eta, m, n = 0.3, 3, 6
	f := sixExamples(t)
	all := f.All(objective.Train)
	mean, slope, curved := optimtest.Vector(t, f), optimtest.Vector(t, f), optimtest.Vector(t, f)
	if _, err := f.TraceGradient(all, mean, slope); err != nil {
		t.Fatal(err)
	}
	if err := f.HVP(all, mean, curved); err != nil {
		t.Fatal(err)
	}
	lambda := (m - 1) / 4. * eta / n
	for _, c := range []struct {
		centred, difference bool
		tolerance           float64
	}{{true, false, 1e-12}, {false, false, 1e-12}, {true, true, 0.05}, {false, true, 0.05}} {
		d, err := NewBlocks(f, func(float64) float64 { return lambda }, n/m, c.centred, c.difference, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Compute(all, eta); err != nil { // fills ḡ
			t.Fatal(err)
		}
		if err := d.weight.Set(eta / (2 * m) / float64(len(splits))); err != nil {
			t.Fatal(err)
		}
		if err := d.vector.Write(make([]float64, d.vector.Len())); err != nil {
			t.Fatal(err)
		}
		for _, split := range splits {
			for _, block := range split {
				if err := d.follow(block); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := plus(make([]float64, d.vector.Len()), lambda, optimtest.Read(t, slope))
		if !c.centred {
			want = plus(want, eta/2, optimtest.Read(t, curved))
		}
		near(t, "penalty's gradient", optimtest.Read(t, d.vector), want, c.tolerance)
		d.Close()
	}
}

// Compute splits anew at each step, leaves θ as it was, and measures all examples.
func TestBlocksLeaveTheirSurroundings(t *testing.T) {
	f := sixExamples(t)
	before := optimtest.Read(t, f.Parameters())
	value, err := f.Evaluate(f.All(objective.Train))
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewBlocks(f, func(rate float64) float64 { return rate }, 2, true, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var directions [][]float64
	for range 2 {
		measured, err := d.Compute(f.All(objective.Train), 0.1)
		if err != nil {
			t.Fatal(err)
		}
		directions = append(directions, optimtest.Read(t, d.Vector()))
		near(t, "loss and accuracy", optimtest.Read(t, measured.Buffer()), []float64{value.Loss, value.Accuracy}, 1e-12)
	}
	if !optimtest.Same(optimtest.Read(t, f.Parameters()), before) {
		t.Error("the parameters have changed")
	}
	if optimtest.Same(directions[0], directions[1]) {
		t.Error("two steps split the examples in the same way")
	}
}

// sigma-inverse with the exact method steps by a dense solution, whatever the chunk.
func TestSigmaInverseStep(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float64, 2)
	g, mean := gradients(t, f)
	p, n := len(mean), len(g)
	const delta = 0.05
	d, err := with(t, "sigma-inverse", "damping", "0.05").Direction(Context{Objective: f, Batch: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Compute(f.All(objective.Train), 0.1); err != nil {
		t.Fatal(err)
	}
	x := optimtest.Read(t, d.Vector())
	image := plus(make([]float64, p), delta, x)
	for _, gn := range g {
		centred := plus(gn, -1, mean)
		floats.AddScaled(image, floats.Dot(centred, x)/float64(n-1), centred)
	}
	near(t, "(Σ+δI)x", image, mean, 1e-10)
	numbers, err := d.Metrics()
	if err != nil || numbers["damping"] != delta || !(numbers["condition"] > 1) || !(numbers["tr_sigma"] > 0) {
		t.Errorf("metrics %v", numbers)
	}
}

// Damping rises where steps promise more than comes true, and falls where they keep their promises.
func TestAdaptiveDamping(t *testing.T) {
	for rate, rises := range map[float64]bool{1e-4: false, 30: true} {
		f := optimtest.Objective(t, kernels.Float64, 2)
		o := with(t, "sigma-inverse", "damping_relative", "true", "damping_adaptive", "true")
		direction, err := o.Direction(Context{Objective: f, Seed: 7, Batch: 60})
		if err != nil {
			t.Fatal(err)
		}
		defer direction.Close()
		update, err := NewUpdate(f.Device(), o.Transform(), f.Model.Params(), f.Parameters(), direction.Vector())
		if err != nil {
			t.Fatal(err)
		}
		defer update.Close()
		for range 2 {
			if _, err := direction.Compute(f.All(objective.Train), rate); err != nil {
				t.Fatal(err)
			}
			if err := update.Step(rate); err != nil {
				t.Fatal(err)
			}
		}
		if total := direction.(*Preconditioned).adaptive.total; rises != (total > 1) {
			t.Errorf("η = %v: damping was multiplied by %v", rate, total)
		}
	}
}

// gd-reg follows ḡ + λ ∂tr Σ, with the theory's λ at the step's learning rate.
func TestRegularizedDirection(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float64, 1)
	d, err := with(t, "gd-reg", "emulate_batch", "15").Direction(Context{Objective: f, Batch: 60})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	mean, _ := f.NewVector()
	trace, _ := f.NewVector()
	all := f.All(objective.Train)
	if _, err := f.TraceGradient(all, mean, trace); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Compute(all, 0.2); err != nil {
		t.Fatal(err)
	}
	want := plus(optimtest.Read(t, mean), 0.2/4*(1./15-1./60), optimtest.Read(t, trace))
	for i, x := range optimtest.Read(t, d.Vector()) {
		if math.Abs(x-want[i]) > 1e-15 {
			t.Fatalf("element %d is %v, want %v", i, x, want[i])
		}
	}
}

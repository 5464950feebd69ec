package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
	"drift/optim/optimtest"
)

// probed is the probe of a run on all 60 training examples, with the 40 test examples as the fixed ones.
func probed(t *testing.T, o optim.Optimizer, options Options) (*Trainer, *probe) {
	t.Helper()
	trainer, err := New(optimtest.InChunks(t, kernels.Float64, 2, 100), o, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	p := trainer.probe
	p.budget.sample = 60
	for part := range p.fixed {
		p.fixed[part] = trainer.Objective.All(objective.Part(part))
	}
	return trainer, p
}

// On samples of all examples the two terms of the drift of the gap are those of the first order in η exactly: halving η halves
// what is left of their ratio to 1.
func TestProbeFindsTheDriftOfTheGap(t *testing.T) {
	left := func(rate float64) float64 {
		trainer, p := probed(t, changed(optim.DefaultGD, "lr", fmt.Sprint(rate)), Options{Steps: 10, Seed: 7, MeasureEvery: 10000})
		numbers := map[string]float64{}
		if err := p.measure(0, numbers); err != nil {
			t.Fatal(err)
		}
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
		if err := p.measure(1, numbers); err != nil {
			t.Fatal(err)
		}
		if numbers["sampled"] != 60 || !(numbers["gap_drift_predicted"] > 0) {
			t.Fatalf("numbers %v", numbers)
		}
		return math.Abs((numbers["gap_drift_predicted"]+numbers["gap_drift_gradient"])/numbers["gap_drift_measured"] - 1)
	}
	a, b := left(1e-3), left(5e-4)
	if slope := math.Log2(a / b); math.Abs(slope-1) > 0.1 || a > 0.1 {
		t.Errorf("prediction and measurement differ by %.3g of the drift at one η and by %.3g at half of it: order %.2f, want 1", a, b, slope)
	}
}

// What is measured is what the objective finds on the same examples, on dense and convolutional networks.
func TestProbeMeasuresItsSample(t *testing.T) {
	for _, model := range []string{"mlp:12,act=tanh", `{"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`} {
		split, m := optimtest.Problem(t, "glyphs,train=60,test=40,size=8", model)
		dev := devicetest.Open(2)
		defer dev.Close()
		f, err := optimtest.Begin(dev, m, split, objective.Options{DType: kernels.Float64, Chunk: 50})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		checkSample(t, f)
	}
}

func checkSample(t *testing.T, f *objective.Objective) {
	t.Helper()
	p, err := newProbe(f, sgd(0, 30), Options{MeasureEvery: 100, Seed: 7}, 30)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	numbers := map[string]float64{}
	if err := p.measure(4, numbers); err != nil {
		t.Fatal(err)
	}
	chosen := p.draw(objective.Train, 4, p.budget.sample)
	gradient := func(examples []int) []float64 {
		v := optimtest.Vector(t, f)
		if err := f.Gradient(examples, v); err != nil {
			t.Fatal(err)
		}
		return optimtest.Read(t, v)
	}
	slope := func(examples []int) (float64, []float64) {
		mean, slope := optimtest.Vector(t, f), optimtest.Vector(t, f)
		trace, err := f.TraceGradient(examples, mean, slope)
		if err != nil {
			t.Fatal(err)
		}
		return trace, optimtest.Read(t, slope)
	}
	trace, _ := slope(chosen)
	g, half := gradient(chosen), len(chosen)/2
	_, a := slope(chosen[:half])
	_, b := slope(chosen[half : 2*half])
	square := floats.Dot(g, g) - trace/float64(len(chosen))
	for name, want := range map[string]float64{
		"sampled":             float64(len(chosen)),
		"tr_sigma":            trace,
		"expected_grad_norm2": square,
		"noise_scale":         trace / square, // of the first measurement
		"grad_tr_sigma_norm2": floats.Dot(a, b),
		"gap_gradient":        square - floats.Dot(g, gradient(p.fixed[objective.Test])),
	} {
		if got := numbers[name]; math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if first, third := numbers["sigma_eigenvalue_1"], numbers["sigma_eigenvalue_3"]; !(first > third && third > 0 && first < trace) {
		t.Errorf("eigenvalues %v to %v of tr Σ %v", first, third, trace)
	}
}

// The means over all samples are the numbers of the whole, however small the samples.
func TestMomentsAreUnbiased(t *testing.T) {
	r, n := rand.New(rand.NewPCG(1, 2)), 7
	rows := make([]float64, 3*n)
	for i := range rows {
		rows[i] = r.NormFloat64()
	}
	g := mat.NewDense(n, 3, rows)
	var products mat.Dense
	products.Mul(g, g.T())
	whole := mat.NewSymDense(n, products.RawMatrix().Data)
	trace, square := moments(whole)
	for size := 2; size < n; size++ {
		var count, traces, squares float64
		for set := range 1 << n {
			var rows []int
			for i := range n {
				if set>>i&1 == 1 {
					rows = append(rows, i)
				}
			}
			if len(rows) != size {
				continue
			}
			part := mat.NewSymDense(size, nil)
			for i, a := range rows {
				for j, b := range rows[:i+1] {
					part.SetSym(i, j, whole.At(a, b))
				}
			}
			x, y := moments(part)
			count, traces, squares = count+1, traces+x, squares+y
		}
		if math.Abs(traces/count-trace) > 1e-12*trace || math.Abs(squares/count-square) > 1e-12*trace {
			t.Errorf("samples of %d: tr Σ %v and ‖G‖² %v in the mean, of all examples %v and %v", size, traces/count, squares/count, trace, square)
		}
	}
}

// Every example comes to every place equally often: 2,000 draws of 3 out of 40 give each of the 120 counts a mean of 50 and a standard
// deviation of 7, and 5 of these are allowed.
func TestDrawsAreUniform(t *testing.T) {
	p := newTrainer(t, run{sgd(0.1, 30), 5}, kernels.Float32).probe
	var counts [40][3]int
	for step := range 2000 {
		chosen := p.draw(objective.Test, uint64(step), 3)
		if chosen[0] == chosen[1] || chosen[0] == chosen[2] || chosen[1] == chosen[2] {
			t.Fatalf("drew %v", chosen)
		}
		for place, example := range chosen {
			counts[example-60][place]++ // behind the 60 of the training part
		}
	}
	for example, of := range counts {
		for place, count := range of {
			if math.Abs(float64(count)-50) > 35 {
				t.Errorf("example %d came to place %d in %d of 2,000 draws", example, place, count)
			}
		}
	}
	seen := map[int]bool{}
	for _, example := range p.draw(objective.Test, 1, 100) {
		seen[example] = true
	}
	if len(seen) != 40 {
		t.Errorf("a draw of everything has %d of 40 examples", len(seen))
	}
}

// However short the steps, the work of the measurements stays within the budget of a long run, and they start with the run.
func TestBudget(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float32, 1)
	for _, cost := range []float64{1, 16, 60, 1e6} {
		b, err := newBudget(f, 16, cost)
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for step := 1; step <= 16*1000; step++ {
			if b.due(step) {
				taken++
			} else if step%16 == 0 && step <= 16*fromTheStart {
				t.Errorf("steps of %v gradients: nothing measured after step %d", cost, step)
			}
		}
		if want := fromTheStart + (1000-fromTheStart)/b.stride; taken < want-1 || taken > want+1 || b.sample < leastSample {
			t.Errorf("steps of %v gradients: %d measurements of %d examples, at each of %d occasions", cost, taken, b.sample, b.stride)
		}
	}
	if b, _ := newBudget(f, 16, 1e6); b.stride != 1 || b.sample != 12 { // half of the chunk of 25
		t.Errorf("long steps: %+v", b)
	}
	if _, err := newBudget(optimtest.InChunks(t, kernels.Float32, 1, 3), 16, 10); err == nil {
		t.Error("chunks of 3 are no room for a sample and 2 fixed examples")
	}
}

package objective_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// open is a small objective over glyphs in float64, at random parameters.
func open(t testing.TB, model string, chunk int) *Objective {
	t.Helper()
	split, err := data.Load("glyphs,train=30,test=11", data.Options{Seed: 1})
	must(t, err)
	m, err := nn.Parse(model, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	f, err := New(devicetest.Open(2), m, split, Options{DType: kernels.Float64, Chunk: chunk})
	must(t, err)
	t.Cleanup(f.Close)
	must(t, f.Parameters().Write(m.Init(3)))
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func vector(t testing.TB, f *Objective) kernels.Buffer {
	t.Helper()
	v, err := f.NewVector()
	must(t, err)
	return v
}

func contents(t testing.TB, b kernels.Buffer) []float64 {
	t.Helper()
	x := make([]float64, b.Len())
	must(t, b.Read(x))
	return x
}

// distance is ‖got − want‖/‖want‖.
func distance(got, want []float64) float64 {
	var d, s float64
	for i := range want {
		d += (got[i] - want[i]) * (got[i] - want[i])
		s += want[i] * want[i]
	}
	if d == 0 {
		return 0
	}
	return math.Sqrt(d / s)
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if d := distance(got, want); !(d <= tolerance) {
		t.Errorf("%s: relative distance %.3g, want at most %.3g", what, d, tolerance)
	}
}

var models = []string{"mlp:12,act=tanh", "lenet"}

// What is summed over chunks, the last one shorter, equals what one chunk gives.
func TestChunksAddUp(t *testing.T) {
	for _, model := range models {
		t.Run(model, func(t *testing.T) {
			whole, parts := open(t, model, 64), open(t, model, 8)
			v := whole.Initial(9)
			var results [2][]float64
			for k, f := range []*Objective{whole, parts} {
				g, d, h, along := vector(t, f), vector(t, f), vector(t, f), vector(t, f)
				must(t, along.Write(v))
				all := f.All(Train)
				trace, err := f.TraceGradient(all, g, d)
				must(t, err)
				must(t, f.HVP(all, along, h))
				test, err := f.Evaluate(f.All(Test))
				must(t, err)
				train, err := f.Evaluate(all)
				must(t, err)
				r := append(contents(t, g), trace, test.Loss, test.Accuracy, train.Loss, train.Accuracy)
				must(t, f.Gradient(all, g))
				near(t, "gradient", contents(t, g), r[:g.Len()], 1e-12)
				results[k] = append(append(r, contents(t, d)...), contents(t, h)...)
			}
			near(t, "chunks", results[1], results[0], 1e-11)
		})
	}
}

// The accuracy is a count of examples divided once: a float32 sum of shares 1/N, one example at a time, would be 1.0013 here.
func TestAccuracyIsExactForAnyChunk(t *testing.T) {
	const n = 60000
	set := data.Set{Name: "ones", Shape: []int{1}, Classes: 2, X: data.ValuesOf(make([]float32, n)), Labels: make([]int32, n)}
	m, err := nn.Parse("linear", set.Shape, 2, nn.CrossEntropy{})
	must(t, err)
	for _, wrong := range []int{0, 1, 59999} {
		set.Labels = make([]int32, n)
		for i := range wrong {
			set.Labels[i] = 1
		}
		f, err := New(devicetest.Open(1), m, &data.Split{Train: set}, Options{DType: kernels.Float32, Chunk: 1})
		must(t, err)
		must(t, f.Parameters().Write([]float64{0, 0, 1, 0})) // class 0, whatever the input
		value, err := f.Evaluate(f.All(Train))
		must(t, err)
		if want := 1 - float64(wrong)/n; math.Abs(value.Accuracy-want) > 1e-12 {
			t.Errorf("with %d wrong of %d the accuracy is %.9f, want %.9f", wrong, n, value.Accuracy, want)
		}
		f.Close()
	}
}

// Gradient, Hessian product and ∂tr Σ are the derivatives of the loss, of the gradient and of tr Σ.
func TestDerivativesOfObjective(t *testing.T) {
	f := open(t, models[0], 16)
	theta := contents(t, f.Parameters())
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float64, len(theta))
	for i := range v {
		v[i] = 0.05 * r.NormFloat64()
	}
	g, d, along, h := vector(t, f), vector(t, f), vector(t, f), vector(t, f)
	must(t, along.Write(v))
	some := []int{3, 1, 4, 15, 9, 2, 6, 5, 3, 5, 8, 27, 11, 12, 13, 14, 16, 17, 18, 19}
	at := func(s float64) (loss, trace float64, gradient []float64) {
		moved := make([]float64, len(theta))
		for i := range moved {
			moved[i] = theta[i] + s*v[i]
		}
		must(t, f.Parameters().Write(moved))
		trace, err := f.TraceGradient(some, g, d)
		must(t, err)
		value, err := f.Evaluate(some)
		must(t, err)
		return value.Loss, trace, contents(t, g)
	}
	const step = 2e-4
	l1, t1, g1 := at(step)
	l0, t0, g0 := at(-step)
	_, _, gradient := at(0)
	must(t, f.HVP(some, along, h))
	slope := 0.0
	want := make([]float64, len(v))
	traceSlope := 0.0
	for i := range v {
		slope += gradient[i] * v[i]
		want[i] = (g1[i] - g0[i]) / (2 * step)
	}
	for i, x := range contents(t, d) {
		traceSlope += x * v[i]
	}
	near(t, "gradient", []float64{slope}, []float64{(l1 - l0) / (2 * step)}, 1e-6)
	near(t, "hvp", contents(t, h), want, 1e-6)
	near(t, "∂tr Σ", []float64{traceSlope}, []float64{(t1 - t0) / (2 * step)}, 1e-6)
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	split, err := data.Load("glyphs,train=30,test=0", data.Options{Seed: 1})
	must(t, err)
	m, err := nn.Parse("mlp:4", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	sound := split.Train
	for says, change := range map[string]func(s *data.Set){
		"99 classes, the model has 10 outputs":                       func(s *data.Set) { s.Classes = 99 },
		"the model takes [1 16 16]":                                  func(s *data.Set) { s.Shape = []int{3} },
		"a class at each of 2 positions, the model scores one class": func(s *data.Set) { s.Positions = 2 },
	} {
		split.Train = sound
		change(&split.Train)
		if _, err := New(devicetest.Open(0), m, split, Options{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// A network wider than memory is refused before anything is allocated.
func TestWhatIsTooWideIsRefused(t *testing.T) {
	split, err := data.Load("glyphs,train=30,test=0", data.Options{Seed: 1})
	must(t, err)
	m, err := nn.Parse("mlp:8000000", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	if _, err = New(small{devicetest.Open(1), 1 << 30}, m, split, Options{}); err == nil || !strings.Contains(err.Error(), "layers narrower") {
		t.Errorf("got %v", err)
	}
}

// small is a device with little memory left.
type small struct {
	kernels.Device
	free int64
}

func (d small) FreeBytes() int64 { return d.free }

func TestFits(t *testing.T) {
	m, err := nn.Parse("linear", []int{99}, 10, nn.CrossEntropy{}) // 1,000 parameters
	must(t, err)
	dev := devicetest.Open(1)
	most := int64(12000) // three vectors of float32
	if dev.Name() == "cpu" {
		most += 8000 // and one of float64
	}
	if err := Fits(small{dev, most}, m, kernels.Float32); err != nil {
		t.Error(err)
	}
	if Fits(small{dev, most - 1}, m, kernels.Float32) == nil {
		t.Error("a byte too few was enough")
	}
}

func ExampleObjective_TraceGradient() {
	split, _ := data.Load("glyphs,train=100,test=0", data.Options{Seed: 1})
	model, _ := nn.Parse("mlp:16", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	f, _ := New(devicetest.Open(0), model, split, Options{DType: kernels.Float64})
	defer f.Close()
	_ = f.Parameters().Write(model.Init(1))
	g, _ := f.NewVector()
	d, _ := f.NewVector()
	trace, err := f.TraceGradient(f.All(Train), g, d)
	fmt.Println(trace > 0, err)
	// Output: true <nil>
}

package objective_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"drift/data"
	"drift/graph"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// bilinear is a caller's own model of two inputs: scores = W₁ x₁ + W₂ x₂ for three classes.
type bilinear struct {
	params []Param
	loss   func(outputs, targets *graph.Node) *graph.Node
}

func newBilinear() bilinear {
	draw := func(r *rand.Rand, into []float64) {
		for i := range into {
			into[i] = r.NormFloat64()
		}
	}
	return bilinear{[]Param{
		{Name: "first", Shape: []int{3, 4}, Len: 12, Init: draw},
		{Name: "second", Shape: []int{3, 2}, Offset: 12, Len: 6, Init: draw},
	}, graph.CrossEntropy}
}

func (m bilinear) Params() []Param { return m.params }
func (m bilinear) Inputs() []Input {
	return []Input{{Name: "image", Shape: []int{2, 2}}, {Name: "row", Shape: []int{2}}}
}
func (m bilinear) Target() Input { return Input{Name: "class", Index: 3} }
func (m bilinear) Build(n Net) *graph.Node {
	x := graph.Reshape(n.Inputs[0], n.Inputs[0].Shape()[0], 4)
	return graph.Add(graph.Linear(x, n.Params[0]), graph.Linear(n.Inputs[1], n.Params[1]))
}
func (m bilinear) Losses(outputs, targets *graph.Node) *graph.Node { return m.loss(outputs, targets) }

// linear6 is the same function with one input of six elements and one parameter.
type linear6 struct{ bilinear }

func (m linear6) Params() []Param { return []Param{{Name: "weight", Shape: []int{3, 6}, Len: 18}} }
func (m linear6) Inputs() []Input { return []Input{{Name: "row", Shape: []int{6}}} }
func (m linear6) Build(n Net) *graph.Node {
	return graph.Linear(n.Inputs[0], n.Params[0])
}
func (m linear6) Score(outputs, targets *graph.Node) (hits, of *graph.Node) {
	return graph.Correct(outputs, targets), graph.Fill(targets, 2)
}

func sixes() *data.Split {
	const n = 20
	r := rand.New(rand.NewPCG(1, 2))
	x, labels := make([]float32, 6*n), make([]int32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(r.IntN(3))
	}
	return &data.Split{Train: data.Set{Name: "sixes", Shape: []int{6}, Classes: 3, X: data.ValuesOf(x), Labels: labels}}
}

func opened(t *testing.T, m Model) *Objective {
	t.Helper()
	f, err := New(devicetest.Open(1), m, sixes(), Options{DType: kernels.Float64, Seed: 5, Chunk: 7})
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

// Two inputs are consecutive parts of an example's row: losses and gradients are those of the one matrix that the two make.
func TestOwnModelOfTwoInputs(t *testing.T) {
	two, one := opened(t, newBilinear()), opened(t, linear6{newBilinear()})
	theta := contents(t, two.Parameters())
	joined := func(v []float64) (whole []float64) {
		for row := range 3 {
			whole = append(append(whole, v[4*row:4*row+4]...), v[12+2*row:14+2*row]...)
		}
		return whole
	}
	must(t, one.Parameters().Write(joined(theta)))
	g, d, whole, slope := vector(t, two), vector(t, two), vector(t, one), vector(t, one)
	trace, err := two.TraceGradient(two.All(Train), g, d)
	must(t, err)
	want, err := one.TraceGradient(one.All(Train), whole, slope)
	must(t, err)
	near(t, "tr Σ", []float64{trace}, []float64{want}, 1e-12)
	near(t, "gradient", joined(contents(t, g)), contents(t, whole), 1e-12)
	near(t, "∂tr Σ", joined(contents(t, d)), contents(t, slope), 1e-12)
}

// θ is drawn by the parameters' own distributions, and never silently zero.
func TestNewDrawsTheParameters(t *testing.T) {
	f := opened(t, newBilinear())
	theta := contents(t, f.Parameters())
	if !slices.Equal(theta, f.Initial(5)) || slices.Contains(theta, 0) || slices.Equal(theta, f.Initial(6)) {
		t.Errorf("θ is %v", theta)
	}
}

// An accuracy is hits over answers, where a model asks an example for several; a model without a score has none.
func TestScore(t *testing.T) {
	if f := opened(t, newBilinear()); f.Scored() {
		t.Error("a model without Score is scored")
	}
	f := opened(t, linear6{newBilinear()})
	v, err := f.Evaluate(f.All(Train))
	must(t, err)
	zeros := 0. // θ is zero: the first class has the largest score
	for _, y := range sixes().Train.Labels {
		if y == 0 {
			zeros++
		}
	}
	if want := zeros / 40; !f.Scored() || v.Accuracy != want {
		t.Errorf("accuracy %v, want %v", v.Accuracy, want)
	}
}

// counting is a model whose examples ask for so many answers that their number passes what float32 can count to.
type counting struct {
	linear6
	hits, of, positions int
}

func (m counting) Target() Input { return Input{Name: "class", Shape: []int{m.positions}, Index: 3} }
func (m counting) Losses(outputs, _ *graph.Node) *graph.Node {
	return graph.Sum(graph.Square(outputs), 1)
}
func (m counting) Score(outputs, _ *graph.Node) (hits, of *graph.Node) {
	zero := graph.Scale(graph.Step(graph.Square(graph.Sum(outputs, 1))), 0) // what the compiler does not know
	return graph.AddConst(zero, float64(m.hits)), graph.AddConst(zero, float64(m.of))
}

// The answers of a pass are counted exactly beyond 2²⁴, over chunks and within one.
func TestAnswersAreCountedExactly(t *testing.T) {
	for _, c := range []struct{ n, chunk, positions, hits, of int }{
		{20, 1, 1, 1<<20 + 1, 1<<20 + 3},
		{5, 5, 1 << 22, 1<<22 - 1, 1 << 22},
		{5, 2, 1 << 22, 1<<22 - 3, 1<<22 - 1},
	} {
		split := sixes()
		set := &split.Train
		set.X, set.Positions, set.Labels = data.ValuesOf(make([]float32, 6*c.n)), c.positions, make([]int32, c.n*c.positions)
		f, err := New(devicetest.Open(1), counting{linear6{newBilinear()}, c.hits, c.of, c.positions}, split, Options{DType: kernels.Float32, Chunk: c.chunk})
		must(t, err)
		v, err := f.Evaluate(f.All(Train))
		must(t, err)
		if want := float64(c.hits) / float64(c.of); v.Accuracy != want {
			t.Errorf("%+v: accuracy %.17g, want %.17g", c, v.Accuracy, want)
		}
		f.Close()
	}
}

func TestModelsThatCannotBe(t *testing.T) {
	shifted, few, mean := newBilinear(), newBilinear(), newBilinear()
	shifted.params = slices.Clone(shifted.params)
	shifted.params[1].Offset = 11
	few.params = nil
	mean.loss = func(outputs, targets *graph.Node) *graph.Node {
		return graph.Mean(graph.CrossEntropy(outputs, targets), 0)
	}
	for want, m := range map[string]Model{
		"the model has no parameters: there is nothing to train":                 few,
		`parameter "second" of shape [3 2] lies at 11 … 17 of θ: want 12 … 18`:   shifted,
		"losses have shape (1) for a batch of 2: want one for each example, [2]": mean,
	} {
		_, err := New(devicetest.Open(1), m, sixes(), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// shiftedBy is a linear model whose inputs a buffer shifts: scores = W(x + b).
type shiftedBy struct{ linear6 }

func (m shiftedBy) Buffers() []Param {
	return []Param{{Name: "shift", Shape: []int{6}, Len: 6, Init: func(_ *rand.Rand, into []float64) { into[2] = 3 }}}
}

func (m shiftedBy) Build(n Net) *graph.Node {
	return graph.Linear(graph.Bias(n.Inputs[0], n.Buffers[0], 1), n.Params[0])
}

// Buffers enter the network as constants of their own: a model with inputs shifted by them is one without on shifted data. Passes
// leave them as they are.
func TestBuffers(t *testing.T) {
	f, split := opened(t, shiftedBy{linear6{newBilinear()}}), sixes()
	values, err := f.Values()
	must(t, err)
	if len(values) != 24 || values[18+2] != 3 {
		t.Fatalf("the model's tensors hold %v", values)
	}
	for i := range values {
		values[i] = float64(i) / 10
	}
	must(t, f.SetValues(values))
	x := split.Train.X
	shifted := x.Float64s()
	for i := range shifted {
		shifted[i] += values[18+i%6]
	}
	split.Train.X = data.ValuesOf(shifted)
	plain, err := New(devicetest.Open(1), linear6{newBilinear()}, split, Options{DType: kernels.Float64, Chunk: 7})
	must(t, err)
	defer plain.Close()
	must(t, plain.SetValues(values[:18]))
	want, err := plain.Evaluate(plain.All(Train))
	must(t, err)
	got, err := f.Evaluate(f.All(Train))
	must(t, err)
	near(t, "loss", []float64{got.Loss}, []float64{want.Loss}, 1e-14)
	again, err := f.Values()
	must(t, err)
	if !slices.Equal(again, values) {
		t.Errorf("the tensors became %v", again)
	}
	if err := f.SetValues(values[:18]); err == nil {
		t.Error("values without the buffers were taken")
	}
}

// ids is a model of one input of which the last three elements are ids below 2.
type ids struct{ bilinear }

func (m ids) Inputs() []Input {
	return []Input{{Name: "row", Shape: []int{3}}, {Name: "ids", Shape: []int{3}, Index: 2}}
}
func (m ids) Build(n Net) *graph.Node {
	return graph.Add(graph.Linear(graph.Concat(1, n.Inputs[0], graph.SliceAxis(n.Inputs[1], 1, 0, 1)), n.Params[0]),
		graph.Linear(graph.SliceAxis(n.Inputs[1], 1, 1, 3), n.Params[1]))
}

func TestInputsThatAreNoIndicesAreRefused(t *testing.T) {
	for _, c := range []struct {
		at   int
		x    float32
		want string
	}{{4, 1, ""}, {2, 0.5, ""}, {9, 2, "example 1 of sixes holds 2, the model takes whole numbers from 0 to 1"},
		{17, 0.5, "example 2 of sixes holds 0.5"}, {3, -1, "example 0 of sixes holds -1"}, {119, float32(math.NaN()), "example 19 holds NaN"}} {
		split := sixes()
		x := make([]float32, split.Train.X.Len())
		x[c.at] = c.x
		split.Train.X = data.ValuesOf(x)
		f, err := New(devicetest.Open(1), ids{newBilinear()}, split, Options{})
		if err == nil {
			f.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v at %d: %v, want %q", c.x, c.at, err, c.want)
		}
	}
}

// A loss that looks at the rest of the batch, in what the network computes or in the data, is refused before anything runs.
func TestLossesThatMixExamplesAreRefused(t *testing.T) {
	centred := func(x *graph.Node) *graph.Node {
		return graph.Sub(x, graph.Broadcast(graph.Mean(x, 0), 0, x.Shape()[0]))
	}
	m := newBilinear()
	m.loss = func(outputs, targets *graph.Node) *graph.Node { return graph.CrossEntropy(centred(outputs), targets) }
	n := newBilinear()
	n.loss = func(outputs, targets *graph.Node) *graph.Node {
		count := graph.BroadcastScalar(graph.SumAll(targets), targets.Shape()...)
		return graph.Mul(graph.CrossEntropy(outputs, graph.Fill(targets, 0)), count)
	}
	for _, model := range []Model{m, n} {
		_, err := New(devicetest.Open(1), model, sixes(), Options{})
		if err == nil || !strings.Contains(err.Error(), "examples influence each other") {
			t.Errorf("want an error about examples that influence each other, got %v", err)
		}
	}
}

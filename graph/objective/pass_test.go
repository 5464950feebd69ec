package objective_test

import (
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph"
	. "drift/graph/objective"
	"drift/kernels"
)

func gradientInto(v kernels.Buffer) Expression {
	return func(b *Batch) { b.Sum(v, b.Gradient(b.Here())) }
}

// compiled is a pass that is closed with the test.
func compiled(t testing.TB, f *Objective, n int, e Expression, end Finish) *Pass {
	t.Helper()
	p, err := f.Compile(n, e, end)
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

// Training and test examples have one numbering, and go through passes together.
func TestPartsHaveOneNumbering(t *testing.T) {
	f := open(t, models[0], 4)
	var losses Rows
	p := compiled(t, f, 3, func(b *Batch) { b.Measure(b.Here()); b.Rows(&losses, b.Here().Loss) }, nil)
	chosen := []int{7, 30, 0, 29, 40, 33}
	must(t, p.Run(chosen))
	value, err := p.Measured().Value()
	must(t, err)
	near(t, "mean loss", []float64{value.Loss}, []float64{floats.Sum(losses.Values) / 6}, 1e-14)
	for i, n := range chosen {
		alone, err := f.Evaluate([]int{n})
		must(t, err)
		near(t, "loss", losses.Values[i:i+1], []float64{alone.Loss}, 1e-14)
	}
	if all := slices.Concat(f.All(Train), f.All(Test)); len(all) != 41 || all[0] != 0 || all[40] != 40 {
		t.Errorf("numbered %v", all)
	}
}

func TestExamplesThatAreNotThereAreRefused(t *testing.T) {
	f := open(t, models[0], 4)
	p := compiled(t, f, 2, func(b *Batch) { b.Measure(b.Here()) }, nil)
	for _, examples := range [][]int{{0, 41}, {-1}, {}, {0, 1, 2, 3, 99}} {
		if err := p.Run(examples); err == nil {
			t.Errorf("%v: accepted", examples)
		}
	}
	must(t, p.Run([]int{40}))
	if _, err := f.Compile(0, func(*Batch) {}, nil); err == nil {
		t.Error("a pass over no examples was prepared")
	}
}

// What is wrong with an expression, or too large for the device, is an error before the first run.
func TestCompileFindsErrors(t *testing.T) {
	f := open(t, models[0], 8)
	v := vector(t, f)
	_, err := f.Compile(8, func(b *Batch) { b.Total(v, b.Here().Loss) }, nil)
	if err == nil || !strings.Contains(err.Error(), "preparing a pass over 8 examples") {
		t.Errorf("a sum in a buffer of another size: %v", err)
	}
	if _, err := f.Compile(8, gradientInto(v), func(e *End) { e.Set(e.Flat(v), e.Mean) }); err == nil {
		t.Error("a number was written to a vector")
	}
	f = open(t, models[0], 8)
	f.Scarce(1000)
	if _, err := f.Compile(8, gradientInto(v), nil); err == nil || !strings.Contains(err.Error(), "would fit") {
		t.Errorf("without memory: %v", err)
	}
}

// A pass goes on with the same bits after others have enlarged the memory that they share, and after some were closed.
func TestPassesShareMemory(t *testing.T) {
	f := open(t, models[1], 64)
	g, h := vector(t, f), vector(t, f)
	small := compiled(t, f, 2, gradientInto(g), nil)
	must(t, small.Run([]int{3, 5}))
	want, arena := contents(t, g), f.WorkBytes()
	large, err := f.CompileTraceGradient(30, h, vector(t, f), nil)
	must(t, err)
	must(t, large.Run(f.All(Train)))
	if f.WorkBytes() <= arena {
		t.Fatal("the memory was not enlarged")
	}
	must(t, small.Run([]int{3, 5}))
	if got := contents(t, g); !slices.Equal(got, want) {
		t.Error("another gradient after the memory was exchanged")
	}
	large.Close()
	large.Close()
	must(t, small.Run([]int{3, 5}))
	if got := contents(t, g); !slices.Equal(got, want) {
		t.Error("another gradient after a pass was closed")
	}
}

// Two passes may compute different things into one vector: a pass is its expression and nothing else.
func TestPassesAreToldApart(t *testing.T) {
	f := open(t, models[0], 8)
	into := vector(t, f)
	once := compiled(t, f, 20, gradientInto(into), nil)
	twice := compiled(t, f, 20, func(b *Batch) {
		g := b.Gradient(b.Here())
		for k, x := range g {
			g[k] = graph.Scale(x, 2)
		}
		b.Sum(into, g)
	}, nil)
	must(t, once.Run(f.All(Train)))
	want := contents(t, into)
	floats.Scale(2, want)
	must(t, twice.Run(f.All(Train)))
	near(t, "twice the gradient", contents(t, into), want, 1e-14)
}

// The end runs once, when sums are complete, and reads what the host has set.
func TestEndReadsCompleteSums(t *testing.T) {
	f := open(t, models[0], 8)
	g, scaled := vector(t, f), vector(t, f)
	lambda, err := f.NewScalar()
	must(t, err)
	defer lambda.Close()
	var count, norm Number
	p := compiled(t, f, 30, func(b *Batch) {
		b.Sum(g, b.Gradient(b.Here()))
		b.Number(&count, graph.Scale(graph.Fill(b.Mean, 1), float64(b.N)))
	}, func(e *End) {
		v := e.Flat(g)
		e.Number(&norm, graph.SquaredNorm([]*graph.Node{v}))
		e.Set(e.Flat(scaled), graph.Mul(v, graph.BroadcastScalar(e.Scalar(lambda), g.Len())))
	})
	for _, examples := range [][]int{f.All(Train), {4, 2}, f.All(Train)[:17]} {
		must(t, lambda.Set(-3))
		must(t, p.Run(examples))
		must(t, p.Numbers())
		want := contents(t, g)
		if count.Value != float64(len(examples)) {
			t.Errorf("%v examples were counted, of %d", count.Value, len(examples))
		}
		near(t, "‖ḡ‖²", []float64{norm.Value}, []float64{floats.Dot(want, want)}, 1e-14)
		floats.Scale(-3, want)
		near(t, "λḡ", contents(t, scaled), want, 1e-14)
	}
}

// The network at θ+v is the network after θ has moved there.
func TestAtIsWhereParametersWouldBe(t *testing.T) {
	for _, model := range models {
		f := open(t, model, 8)
		v, there, here := vector(t, f), vector(t, f), vector(t, f)
		step := f.Initial(9)
		must(t, v.Write(step))
		p := compiled(t, f, 20, func(b *Batch) {
			moved := b.Vector(v)
			for k, x := range b.Params {
				moved[k] = graph.Add(x, moved[k])
			}
			b.Measure(b.At(moved))
			b.Sum(there, b.Gradient(b.At(moved)))
		}, nil)
		must(t, p.Run(f.All(Train)))
		value, err := p.Measured().Value()
		must(t, err)
		floats.Add(step, contents(t, f.Parameters()))
		must(t, f.Parameters().Write(step))
		must(t, f.Gradient(f.All(Train), here))
		want, err := f.Evaluate(f.All(Train))
		must(t, err)
		near(t, model+": gradient", contents(t, there), contents(t, here), 1e-12)
		near(t, model+": loss", []float64{value.Loss}, []float64{want.Loss}, 1e-13)
	}
}

// A weight for each example of the pass is taken from its place there.
func TestPerPassFollowsTheOrderOfThePass(t *testing.T) {
	f := open(t, models[0], 4)
	weights, err := f.Device().NewBuffer(kernels.Float64, 9)
	must(t, err)
	c := []float64{1, -2, 3, -4, 5, -6, 7, -8, 9}
	must(t, weights.Write(c))
	var loss Rows
	var sum Number
	p := compiled(t, f, 9, func(b *Batch) {
		b.Rows(&loss, b.Here().Loss)
		b.Number(&sum, graph.SumAll(graph.Mul(b.Here().Loss, b.PerPass(weights))))
	}, nil)
	must(t, p.Run([]int{9, 8, 7, 6, 5, 4, 3, 2, 1}))
	must(t, p.Numbers())
	near(t, "weighted losses", []float64{sum.Value}, []float64{floats.Dot(c, loss.Values)}, 1e-13)
}

// Trace finds what TraceGradient finds on its way.
func TestTrace(t *testing.T) {
	for _, chunk := range []int{8, 64} {
		f := open(t, models[1], chunk)
		g, h, slope := vector(t, f), vector(t, f), vector(t, f)
		want, err := f.TraceGradient(f.All(Train), g, slope)
		must(t, err)
		p, err := f.CompileTrace(30, h, nil)
		must(t, err)
		must(t, p.Run(f.All(Train)))
		got, err := p.Trace()
		must(t, err)
		near(t, "tr Σ", []float64{got}, []float64{want}, 1e-12)
		near(t, "ḡ", contents(t, h), contents(t, g), 1e-12)
	}
}

// Nothing is allocated once a batch size has been seen, in one chunk and in several.
func TestPassAllocatesNothing(t *testing.T) {
	for _, chunk := range []int{8, 64} {
		f := open(t, models[0], chunk)
		p, err := f.CompileTraceGradient(30, vector(t, f), vector(t, f), func(e *End) { e.Set(e.Flat(f.Parameters()), e.Flat(f.Parameters())) })
		must(t, err)
		all := f.All(Train)
		must(t, p.Run(all))
		must(t, p.Run(all[:20]))
		if n := testing.AllocsPerRun(10, func() {
			if p.Run(all) != nil || p.Run(all[:20]) != nil {
				t.Error("the pass failed")
			}
		}); n != 0 {
			t.Errorf("chunks of %d: %v allocations", chunk, n)
		}
	}
}

package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
)

// planned is what an expression gives, and how.
type planned struct {
	plan   *Plan
	values [][]float64
}

// evaluated plans outputs for a device, or for none, and computes them there from the same random numbers each time.
func evaluated(t *testing.T, dt kernels.DType, dev kernels.Device, plansFor bool, outputs func(b *Builder) []*Node) (p planned) {
	t.Helper()
	b := NewBuilder(dt)
	if plansFor {
		b.For(dev)
	}
	out := outputs(b)
	for _, o := range out {
		b.Output(o)
	}
	plan, err := b.Plan()
	if err != nil {
		t.Fatal(err)
	}
	program, err := b.Load(plan, dev, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, leaf := range plan.leaves {
		x := make([]float64, Size(leaf))
		for i := range x {
			x[i] = 3 + rng.NormFloat64()
		}
		if isConstant(leaf) {
			continue
		}
		if err := program.Buffer(leaf).Write(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	p.plan = plan
	for _, o := range out {
		x := make([]float64, Size(o))
		if err := program.Buffer(o).Read(x); err != nil {
			t.Fatal(err)
		}
		p.values = append(p.values, x)
	}
	return p
}

// blocking is a device that has a call for programs of columns; the test is skipped where this processor has none.
func blocking(t *testing.T) kernels.Device {
	t.Helper()
	dev := cpu.New(cpu.Options{})
	t.Cleanup(func() { dev.Close() })
	sum := kernels.Reduce{A: 1, B: 12, C: 2048, Map: kernels.Map{N: 12 * 2048, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}}
	if !dev.(kernels.Blocking).Blocks(kernels.Columnwise{Columns: 2048, In: []int{sum.Map.N}, Out: []int{2048}, Steps: []kernels.Step{{Op: sum, Out: []int{1}}}}, kernels.Float32) {
		t.Skip("this processor has no call for programs of columns")
	}
	return dev
}

// calls is those of columns, as a profile shows them.
func (p planned) calls() (list []string) {
	for _, s := range p.plan.steps {
		if c, is := s.op.(kernels.Columnwise); is {
			list = append(list, kernels.Describe(c))
		}
	}
	return list
}

// same compares outputs, whose sums may be added up in another order, by the largest element of each.
func (p planned) same(t *testing.T, dt kernels.DType, want planned) {
	t.Helper()
	for k, x := range want.values {
		largest := 0.0
		for _, v := range x {
			largest = max(largest, math.Abs(v))
		}
		for i, v := range x {
			if got := p.values[k][i]; !(math.Abs(got-v) <= 64*Unit(dt)*largest) {
				t.Fatalf("output %d, element %d: %v, by separate calls %v", k, i, got, v)
			}
		}
	}
}

// Means over rows, deviations from them, their norms and what is passed on are one call; the deviations are written over the matrix, if that is computed
// and nothing else reads it. What needs another column, or all of them, stays apart, and so do sums that nothing follows.
func TestDeviationsAreOneCall(t *testing.T) {
	dev := blocking(t)
	const n, m = 12, 2048
	less := func(g *Node) *Node { return Sub(g, Broadcast(Mean(g, 0), 0, n)) }
	for name, c := range map[string]struct {
		out   func(g, h *Node) []*Node
		calls []string // of columns, as a profile shows them
	}{
		"deviations": {func(g, _ *Node) []*Node { return []*Node{Tanh(less(g))} }, []string{"12×2048: reduce map"}},
		"norms":      {func(g, _ *Node) []*Node { return []*Node{SumTail(Square(less(g)))} }, []string{"12×2048: reduce reduce"}},
		"all": {func(g, _ *Node) []*Node {
			r := less(g)
			again := Sub(r, Broadcast(Mean(r, 0), 0, n))
			return []*Node{Mean(g, 0), Mean(r, 0), SumTail(Square(r)), SumAll(Square(Mean(r, 0))), again}
		}, []string{"12×2048: reduce reduce map map reduce reduce"}},
		"of two": {func(g, h *Node) []*Node { return []*Node{SumTail(Square(less(g))), SumTail(Square(less(h)))} },
			[]string{"12×2048: reduce reduce", "12×2048: reduce reduce"}},
		"weighted by their norm": {func(g, _ *Node) []*Node {
			r := less(g)
			return []*Node{Mul(r, BroadcastScalar(SumAll(Square(r)), n, m))}
		}, nil},
		"a sum": {func(g, _ *Node) []*Node { return []*Node{Mean(g, 0), Exp(Mean(g, 0))} }, nil},
		"means that are turned": {func(g, _ *Node) []*Node {
			turned := Reshape(Transpose(Reshape(Mean(g, 0), m/2, 2)), m)
			return []*Node{Sub(g, Broadcast(turned, 0, n))}
		}, nil},
	} {
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
			t.Run(fmt.Sprint(name, " ", dt), func(t *testing.T) {
				outputs := func(b *Builder) []*Node {
					return c.out(MatMul(b.Input("a", n, 3), b.Input("b", 3, m)), b.Input("h", n, m))
				}
				apart, together := evaluated(t, dt, dev, false, outputs), evaluated(t, dt, dev, true, outputs)
				calls := together.calls()
				if fmt.Sprint(calls) != fmt.Sprint(c.calls) {
					t.Errorf("calls %q, want %q in\n%v", calls, c.calls, together.plan)
				}
				if apart.calls() != nil {
					t.Error("a plan for no device in particular has a call of columns")
				}
				if together.plan.Bytes() > apart.plan.Bytes() {
					t.Errorf("%d bytes, by separate calls %d", together.plan.Bytes(), apart.plan.Bytes())
				}
				together.same(t, dt, apart)
			})
		}
	}
}

// What becomes of deviations comes before the next matrix where it takes no more memory, so that there is one of them at a time.
func TestDeviationsAreUsedUpAtOnce(t *testing.T) {
	dev := blocking(t)
	const n, m, matrices = 12, 2048, 4
	plan := evaluated(t, kernels.Float64, dev, true, func(b *Builder) (out []*Node) {
		var deviations []*Node
		for k := range matrices {
			g := MatMul(b.Input(fmt.Sprint("a", k), n, 3), b.Input(fmt.Sprint("b", k), 3, m))
			deviations = append(deviations, Sub(g, Broadcast(Mean(g, 0), 0, n)))
		}
		for k, r := range deviations {
			out = append(out, MatMulT(r, b.Input(fmt.Sprint("c", k), m/4, m), false, true))
		}
		return out
	}).plan
	inputs := int64(matrices * (3*n + 3*m + m/4*m))
	if most := 8 * (inputs + 2*n*m + 4*m); plan.Bytes() > most {
		t.Errorf("%d bytes, want %d for the inputs, one matrix and the results: %v", plan.Bytes(), most, plan)
	}
}

// formed reports gradients of single examples that are in memory.
func formed(n *Node) bool {
	c, is := familyOf(n).(conv)
	return is && c.kind == convWeight && c.PerExample
}

// tr Σ, its gradient and the share that a chunk has of it read each matrix of gradients that is formed in one call, from which it takes all, with the
// numbers of separate calls.
func TestCovariancesReadGradientsOnce(t *testing.T) {
	dev := blocking(t)
	const n, reads = 12, 2 // kernels whose gradients are formed
	for name, outputs := range map[string]func(pe *PerExample, params []*Node) []*Node{
		"trace": func(pe *PerExample, _ []*Node) []*Node {
			c := NewCovariance(pe)
			return append(c.Mean(), c.Trace())
		},
		"gradient": func(pe *PerExample, params []*Node) []*Node {
			c := NewCovariance(pe)
			return append(append(c.Mean(), c.Trace()), c.TraceGradient(params)...)
		},
		"of a chunk": func(pe *PerExample, params []*Node) []*Node {
			var given []*Node
			for k, m := range pe.Means() {
				given = append(given, Input(m.Graph(), DTypeOf(m), fmt.Sprint("mean ", k), m.Shape()...))
			}
			rest := pe.Around(given)
			return append(append(rest.combineWithNorms(nil), rest.SquaredNorms()), rest.Slope(pe, rest.Center, filled(rest.Center[0], 0.5, dimsOf(1)), params)...)
		},
	} {
		for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
			t.Run(fmt.Sprint(name, " ", dt), func(t *testing.T) {
				network := func(b *Builder) []*Node {
					x := b.Input("x", n, 48, 14, 14)
					params := []*Node{b.Input("k", 48, 48, 3, 3), b.Input("l", 48, 48, 3, 3)}
					h := Tanh(Scale(Conv2D(x, params[0], [2]int{1, 1}, [2]int{1, 1}), 1e-4))
					loss := SumTail(Square(Conv2D(h, params[1], [2]int{1, 1}, [2]int{1, 1})))
					return outputs(NewPerExample(loss, params), params)
				}
				apart, together := evaluated(t, dt, dev, false, network), evaluated(t, dt, dev, true, network)
				calls := slices.DeleteFunc(together.calls(), func(c string) bool { return !strings.HasPrefix(c, "12×20736: ") })
				if len(calls) != reads {
					t.Errorf("calls %q, want %d in\n%v", calls, reads, together.plan)
				}
				for _, s := range together.plan.steps {
					if _, columns := s.op.(kernels.Columnwise); !columns && slices.ContainsFunc(s.ins, formed) {
						t.Errorf("%s reads gradients that are formed", s.op.Name())
					}
				}
				together.same(t, dt, apart)
			})
		}
	}
}

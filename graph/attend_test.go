package graph

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"testing"

	"drift/kernels"
	"drift/kernels/devicetest"
)

// attendCase is attention written both ways, with what derivatives are taken along.
type attendCase struct{ qkv, g, u, whole, products *Node }

func newAttendCase(n, t, heads, width int, causal bool) attendCase {
	g := New()
	in := func(name string, e int) *Node { return Input(g, kernels.Float64, name, n, t, e) }
	c := attendCase{qkv: in("qkv", 3*heads*width), u: in("u", 3*heads*width), g: in("g", heads*width)}
	c.whole, c.products = Attention(c.qkv, heads, causal), AttentionThrough(c.qkv, heads, causal, nil)
	return c
}

// derivatives of a curved function of attention y, up to the third order.
func (c attendCase) derivatives(y *Node) []*Node {
	loss, wrt, along := []*Node{SumAll(Mul(c.g, Exp(y)))}, []*Node{c.qkv}, []*Node{c.u}
	gradient := Grad(loss, []*Node{nil}, []*Node{c.qkv, c.g})
	hvp := HVP(loss, wrt, along)
	third := Grad([]*Node{Mul(hvp[0], c.u)}, []*Node{nil}, []*Node{c.qkv, c.g, c.u})
	return append(append(append(gradient, hvp...), JVP([]*Node{y}, wrt, along)...), third...)
}

// Attention and its derivatives up to the third order are those of its products.
func TestAttentionIsItsProducts(t *testing.T) {
	dev := devicetest.Open(2)
	for _, sizes := range [][4]int{{2, 1, 2, 3}, {2, 5, 3, 4}, {1, 70, 1, 2}} {
		for _, causal := range []bool{false, true} {
			c := newAttendCase(sizes[0], sizes[1], sizes[2], sizes[3], causal)
			outputs := append(append([]*Node{c.whole}, c.derivatives(c.whole)...), append([]*Node{c.products}, c.derivatives(c.products)...)...)
			p, err := Compile(dev, outputs, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, in := range []*Node{c.qkv, c.u, c.g} {
				x := make([]float64, Size(in))
				for i := range x {
					x[i] = math.Sin(float64((i + 3*k) * (i + 1)))
				}
				if err := p.Buffer(in).Write(x); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			half := len(outputs) / 2
			for k := range half {
				got, want := make([]float64, Size(outputs[k])), make([]float64, Size(outputs[k]))
				if err := p.Buffer(outputs[k]).Read(got); err != nil {
					t.Fatal(err)
				}
				if err := p.Buffer(outputs[half+k]).Read(want); err != nil {
					t.Fatal(err)
				}
				most := 0.0
				for _, v := range want {
					most = max(most, math.Abs(v))
				}
				for i, v := range want {
					if d := math.Abs(got[i] - v); !(d <= 1e-12*(most+1e-300)) { // rounding, of sums of some hundred terms
						t.Fatalf("%v, causal %t: result %d, element %d: %g, by products %g", sizes, causal, k, i, got[i], v)
					}
				}
			}
			p.Close()
		}
	}
}

// Derivatives of attention up to the second order are a kernel each, with nothing between them that moves or multiplies, in memory that grows with the
// positions and not with their square.
func TestSecondDerivativesOfAttentionAreOneKernel(t *testing.T) {
	plan := func(length int, outputs func(attendCase) []*Node) *Plan {
		p, err := NewPlan(outputs(newAttendCase(2, length, 2, 4, true)), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a := kernels.Attention{Batch: 2, Heads: 2, Queries: 9, Keys: 9, Width: 4, Values: 4, Scale: 0.5, Causal: true, Packed: true}
	for _, c := range []struct {
		name    string
		outputs func(attendCase) []*Node
		want    []kernels.Primitive
	}{
		{"hvp", func(c attendCase) []*Node {
			return HVP([]*Node{SumAll(Exp(c.whole))}, []*Node{c.qkv}, []*Node{c.u})
		}, []kernels.Primitive{a, kernels.AttentionGradient(a), kernels.AttentionHVP(a)}}, // the gradient of what changes with ȯ
		{"of a gradient alone", func(c attendCase) []*Node {
			return Grad(Grad([]*Node{c.whole}, []*Node{c.g}, []*Node{c.qkv}), []*Node{c.u}, []*Node{c.qkv})
		}, []kernels.Primitive{a, kernels.AttentionHVP(a)}},
		{"jvp", func(c attendCase) []*Node { return JVP([]*Node{c.whole}, []*Node{c.qkv}, []*Node{c.u}) },
			[]kernels.Primitive{a, kernels.AttentionTangent(a)}},
	} {
		p := plan(9, c.outputs)
		var got []kernels.Primitive
		for _, s := range p.steps {
			switch s.op.(type) {
			case kernels.Map, kernels.Reduce, kernels.Rowwise:
			default:
				got = append(got, s.op)
			}
		}
		slices.SortFunc(got, func(x, y kernels.Primitive) int { return cmp.Compare(x.Name(), y.Name()) })
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %T %+v, want %T", c.name, got, got, c.want)
		}
		if two, one := plan(2048, c.outputs).Bytes(), plan(1024, c.outputs).Bytes(); two > 2*one+4096 {
			t.Errorf("%s: twice the positions take %d bytes instead of %d", c.name, two, one)
		}
	}
}

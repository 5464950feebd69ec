package graph

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
)

// attends is attention of qkv [n,t,3·heads·d] as networks of other frameworks write it, [n,t,heads·d].
func attends(qkv *Node, heads int, hidden float64) *Node {
	n, t, e := qkv.Shape()[0], qkv.Shape()[1], qkv.Shape()[2]/3
	head := func(k int) *Node {
		part := Reshape(SliceAxis(qkv, 2, k*e, (k+1)*e), n, t, heads, e/heads)
		return Reshape(Transpose(part, 0, 2, 1, 3), n*heads, t, e/heads)
	}
	scores := Scale(MatMulT(head(0), head(1), false, true), 1/math.Sqrt(float64(e/heads)))
	if hidden != 0 {
		scores = Add(scores, Broadcast(Triangle(qkv, t, 1, hidden), 0, n*heads))
	}
	seen := MatMul(Reshape(Softmax(Reshape(scores, n*heads*t, t)), n*heads, t, t), head(2))
	return Reshape(Transpose(Reshape(seen, n, heads, t, e/heads), 0, 2, 1, 3), n, t, e)
}

// separate is attention of [b,t,d] matrices.
func separate(q, k, v, mask *Node) *Node {
	scores := MatMulT(q, k, false, true)
	if mask != nil {
		scores = Add(Broadcast(mask, 0, q.Shape()[0]), scores)
	}
	shape := scores.Shape()
	return MatMul(Reshape(Softmax(Reshape(scores, shape[0]*shape[1], shape[2])), shape...), v)
}

func attentionSteps(p *Plan) (list []kernels.Primitive) {
	for _, s := range p.steps {
		switch s.op.(type) {
		case kernels.Attention, kernels.AttentionGradient, kernels.AttentionTangent, kernels.AttentionHVP:
			list = append(list, s.op)
		}
	}
	return list
}

func gradients(y *Node, wrt ...*Node) []*Node {
	return Grad([]*Node{SumAll(Exp(y))}, []*Node{nil}, wrt)
}

// Attention and its gradients are kernels of their own where nothing else reads scores and weights, and what they are made of where something does.
func TestAttentionIsOneKernel(t *testing.T) {
	const n, heads, length, e = 2, 3, 5, 12
	g := New()
	in := func(name string, shape ...int) *Node { return Input(g, kernels.Float64, name, shape...) }
	qkv, other := in("qkv", n, length, 3*e), in("other", n, length, 3*e)
	q, k, v, few := in("q", 4, 7, 3), in("k", 4, 7, 3), in("v", 4, 7, 2), in("few", 4, 2, 3)
	packed := kernels.Attention{Batch: n, Heads: heads, Queries: length, Keys: length, Width: 4, Values: 4, Scale: 0.5, Packed: true}
	causal := packed
	causal.Causal = true
	plain := kernels.Attention{Batch: 4, Heads: 1, Queries: 7, Keys: 7, Width: 3, Values: 2, Scale: 1}
	cross := plain
	cross.Queries = 2
	masked := plain
	masked.Causal = true
	mask := func(hidden, before float64) *Node {
		list := make([]float64, 49)
		for i := range list {
			if list[i] = before; i%7 > i/7 {
				list[i] = hidden
			}
		}
		return Constant(g, kernels.Float64, fmt.Sprint("mask ", hidden, before), list, 7, 7)
	}
	back := func(a kernels.Attention) []kernels.Primitive {
		return []kernels.Primitive{a, kernels.AttentionGradient(a)}
	}
	y, z := attends(qkv, heads, -1e30), separate(q, k, v, nil)
	weights := Softmax(Reshape(MatMulT(q, k, false, true), 28, 7))
	// as networks of other frameworks come: keys turned before the product, a multiple of them, and a mask for batch and heads
	products := MatMul(q, Reshape(Scale(Transpose(Reshape(k, 2, 2, 7, 3), 0, 1, 3, 2), 0.5), 4, 3, 7))
	turned := MatMul(Reshape(Softmax(Reshape(products, 28, 7)), 4, 7, 7), v)
	turnedOp := plain
	scores := Add(Reshape(MatMulT(q, k, false, true), 2, 2, 7, 7), Reshape(Broadcast(mask(-1e10, 0), 0, 4), 2, 2, 7, 7))
	four := MatMul(Reshape(Softmax(Reshape(scores, 28, 7)), 4, 7, 7), v)
	for _, c := range []struct {
		name    string
		outputs []*Node
		want    []kernels.Primitive
	}{
		{"forward", []*Node{y}, []kernels.Primitive{causal}},
		{"gradient", gradients(y, qkv), back(causal)},
		{"without a mask", gradients(attends(qkv, heads, 0), qkv), back(packed)},
		{"a mask that only lowers", gradients(attends(qkv, heads, -3), qkv), nil},
		{"separate operands", gradients(z, q, k, v), back(plain)},
		{"fewer queries than keys", gradients(separate(few, k, v, nil), few, k, v), back(cross)},
		{"a constant mask", gradients(separate(q, k, v, mask(math.Inf(-1), 0)), q, k, v), back(masked)},
		{"turned keys", gradients(turned, q, k, v), back(turnedOp)},
		{"a mask in four axes", gradients(four, q, k, v), back(masked)},
		{"a constant that hides nothing", gradients(separate(q, k, v, mask(-5, 0)), q, k, v), nil},
		{"a constant that lowers the others too", gradients(separate(q, k, v, mask(-1e30, -1)), q, k, v), nil},
		{"values alone", gradients(z, v), nil},
		{"the weights are wanted", []*Node{z, weights}, nil},
		{"second order", HVP([]*Node{SumAll(Exp(y))}, []*Node{qkv}, []*Node{other}), nil},
		{"two sweeps", append(gradients(y, qkv), Grad([]*Node{SumAll(y)}, []*Node{nil}, []*Node{qkv})...),
			append(back(causal), kernels.AttentionGradient(causal))},
		{"two of them", append(gradients(y, qkv), gradients(attends(other, heads, 0), other)...), append(back(causal), back(packed)...)},
	} {
		p, err := NewPlan(c.outputs, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := attentionSteps(p)
		order := func(list []kernels.Primitive) {
			slices.SortStableFunc(list, func(a, b kernels.Primitive) int { return len(a.Name()) - len(b.Name()) })
		}
		order(got)
		order(c.want)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		scores := int64(0) // of 8 bytes
		for _, op := range c.want {
			if a, is := op.(kernels.Attention); is {
				scores += int64(a.Batch * a.Heads * a.Queries * a.Keys)
			}
		}
		if p.ScoreBytes() != 8*scores {
			t.Errorf("%s: %d bytes of scores are not in memory, want %d", c.name, p.ScoreBytes(), 8*scores)
		}
	}
}

// What the kernels compute is what the expression says, and needs no memory of the size of the scores.
func TestAttentionMeansTheSame(t *testing.T) {
	dev := cpu.New(cpu.Options{})
	defer dev.Close()
	const n, heads, length, e = 2, 2, 33, 8
	for _, hidden := range []float64{0, -1e30} {
		g := New()
		qkv := Input(g, kernels.Float64, "qkv", n, length, 3*e)
		x := make([]float64, Size(qkv))
		for i := range x {
			x[i] = math.Sin(float64(i*i)) * 2
		}
		y := attends(qkv, heads, hidden)
		own := append(gradients(y, qkv), y)
		read := func(outputs ...*Node) [][]float64 {
			p, err := Compile(dev, outputs, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Buffer(qkv).Write(x); err != nil {
				t.Fatal(err)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			var list [][]float64
			for _, o := range outputs {
				list = append(list, make([]float64, Size(o)))
				if err := p.Buffer(o).Read(list[len(list)-1]); err != nil {
					t.Fatal(err)
				}
			}
			return list
		}
		got := read(own...)
		weights := reach(own, inputsOf)
		weights = slices.DeleteFunc(weights, func(n *Node) bool { return familyOf(n) != softmax{} })
		want := read(append(slices.Clone(own), weights...)...) // which are wanted, so that it stays in parts
		for k := range own {
			for i, v := range want[k] {
				if d := math.Abs(got[k][i] - v); !(d <= 1e-12*(1+math.Abs(v))) { // rounding, of sums of some dozen terms
					t.Fatalf("result %d, element %d: %g, in parts %g", k, i, got[k][i], v)
				}
			}
		}
	}
	long := func(length int) int64 {
		g := New()
		qkv := Input(g, kernels.Float32, "qkv", 1, length, 3*e)
		p, err := NewPlan(gradients(attends(qkv, heads, -1e30), qkv), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.Bytes()
	}
	if two, one := long(2048), long(1024); two > 2*one+4096 {
		t.Errorf("twice the positions take %d bytes instead of %d", two, one)
	}
}

package graph

import (
	"slices"
	"testing"

	"drift/kernels"
)

// joinedOf is the products of a plan that go on with their results, without sizes.
func joinedOf(p *Plan) (list []kernels.Product) {
	for _, s := range p.steps {
		if product, ok := s.op.(kernels.Product); ok {
			product.Gemm = kernels.Gemm{}
			list = append(list, product)
		}
	}
	return list
}

// A layer takes its bias and its activation into its product, and its derivative and the bias's gradient into that of the layer above. A
// result that is read elsewhere too, a bias of a row and the sum of rows stay apart.
func TestProductsGoOn(t *testing.T) {
	g := New()
	in := func(name string, shape ...int) *Node { return Input(g, kernels.Float64, name, shape...) }
	x, w, v, c, d, e := in("x", 5, 3), in("w", 4, 3), in("v", 4, 4), in("c", 4), in("d", 4), in("e", 5)
	hidden := Relu(Add(MatMulT(x, w, false, true), Broadcast(c, 0, 5)))
	out := Add(MatMulT(hidden, v, false, true), Broadcast(d, 0, 5))
	z := MatMulT(x, w, false, true)
	bias, relu := kernels.Product{Bias: true}, kernels.Product{Bias: true, Activation: kernels.ReLU}
	for _, c := range []struct {
		name    string
		outputs []*Node
		want    []kernels.Product
	}{
		{"two layers", Grad([]*Node{SumAll(Square(out))}, []*Node{nil}, []*Node{w, c, v, d}),
			[]kernels.Product{relu, {Activation: kernels.ReLU, Gradient: true, Sums: true}}},
		{"a bias alone", []*Node{Add(z, Broadcast(c, 0, 5))}, []kernels.Product{bias}},
		{"read twice", []*Node{Relu(z), Exp(z)}, nil},
		{"wanted itself", []*Node{Relu(z), z}, nil},
		{"a bias of a row", []*Node{Add(z, BroadcastTail(e, 5, 4))}, nil},
		{"sums of rows", []*Node{SumTail(Relu(z))}, nil},
		{"terms the other way round", []*Node{Relu(Add(Broadcast(c, 0, 5), z))}, []kernels.Product{relu}},
		{"a batch of matrices", []*Node{Relu(MatMulT(in("a", 2, 3, 3), in("b", 2, 3, 3), false, true))}, nil},
	} {
		p, err := NewPlan(c.outputs, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := joinedOf(p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

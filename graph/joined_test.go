package graph

import (
	"math"
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
	x, w, v, c, d, e := in("x", 9, 3), in("w", 4, 3), in("v", 4, 4), in("c", 4), in("d", 4), in("e", 9)
	few := in("few", 2, 3)
	hidden := Relu(Add(MatMulT(x, w, false, true), Broadcast(c, 0, 9)))
	out := Add(MatMulT(hidden, v, false, true), Broadcast(d, 0, 9))
	z := MatMulT(x, w, false, true)
	gelu := func(u *Node) *Node {
		cubic := Mul(u, AddConst(Scale(Square(u), 0.044715), 1))
		return Scale(Mul(u, AddConst(Tanh(Scale(cubic, math.Sqrt(2/math.Pi))), 1)), 0.5)
	}
	smooth := MatMulT(gelu(Add(z, Broadcast(c, 0, 9))), v, false, true)
	plain := MatMulT(gelu(MatMulT(x, w, false, true)), v, false, true)
	keep := kernels.Product{Bias: true, Activation: kernels.GELUTanh, Keep: true}
	back := kernels.Product{Activation: kernels.GELUTanh, Gradient: true, Sums: true}
	bias, relu := kernels.Product{Bias: true}, kernels.Product{Bias: true, Activation: kernels.ReLU}
	for _, c := range []struct {
		name    string
		outputs []*Node
		want    []kernels.Product
	}{
		{"two layers", Grad([]*Node{SumAll(Square(out))}, []*Node{nil}, []*Node{w, c, v, d}),
			[]kernels.Product{relu, {Activation: kernels.ReLU, Gradient: true, Sums: true}}},
		{"a bias alone", []*Node{Add(z, Broadcast(c, 0, 9))}, []kernels.Product{bias}},
		{"gelu", Grad([]*Node{SumAll(Exp(smooth))}, []*Node{nil}, []*Node{w, c, v}), []kernels.Product{keep, back}},
		{"gelu without a bias", Grad([]*Node{SumAll(Exp(plain))}, []*Node{nil}, []*Node{w, v}), []kernels.Product{{Activation: kernels.GELUTanh, Keep: true},
			{Activation: kernels.GELUTanh, Gradient: true}}},
		{"gelu of a few rows", Grad([]*Node{SumAll(Exp(MatMulT(gelu(Add(MatMulT(few, w, false, true), Broadcast(c, 0, 2))), v, false, true)))}, []*Node{nil},
			[]*Node{w, c, v}), []kernels.Product{keep, back}},
		{"gelu alone", []*Node{gelu(Add(z, Broadcast(c, 0, 9)))}, []kernels.Product{{Bias: true, Activation: kernels.GELUTanh}}},
		{"gelu with another argument", Grad([]*Node{SumAll(Exp(MatMulT(gelu(Scale(z, 2)), v, false, true)))}, []*Node{nil}, []*Node{w, v}), nil},
		{"read twice", []*Node{Relu(z), Exp(z)}, nil},
		{"wanted itself", []*Node{Relu(z), z}, nil},
		{"a bias of a row", []*Node{Add(z, BroadcastTail(e, 9, 4))}, nil},
		{"sums of rows", []*Node{SumTail(Relu(z))}, nil},
		{"terms the other way round", []*Node{Relu(Add(Broadcast(c, 0, 9), z))}, []kernels.Product{relu}},
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

// A convolution goes on with the bias of its channels and with ReLU. One whose result is read elsewhere too, that has kernels for each image, or is
// followed by something else, does not.
func TestConvolutionsGoOn(t *testing.T) {
	g := New()
	in := func(name string, shape ...int) *Node { return Input(g, kernels.Float64, name, shape...) }
	x, k, b, l := in("x", 2, 3, 6, 6), in("k", 4, 3, 3, 3), in("b", 4), in("l", 5, 4, 3, 3)
	one := [2]int{1, 1}
	z := Conv2D(x, k, one, one)
	bias, relu := kernels.Convolved{Bias: true}, kernels.Convolved{Bias: true, Activation: kernels.ReLU}
	for _, c := range []struct {
		name    string
		outputs []*Node
		want    []kernels.Convolved
	}{
		{"two layers", Grad([]*Node{SumAll(Square(Conv2D(Relu(Bias(z, b, 1)), l, one, one)))}, []*Node{nil}, []*Node{k, b, l}), []kernels.Convolved{relu}},
		{"a bias alone", []*Node{Bias(z, b, 1)}, []kernels.Convolved{bias}},
		{"relu alone", []*Node{Relu(z)}, []kernels.Convolved{{Activation: kernels.ReLU}}},
		{"groups", []*Node{Relu(GroupedConv2D(x, in("groups", 6, 1, 3, 3), one, one, one, 3))}, []kernels.Convolved{{Activation: kernels.ReLU}}},
		{"another function", []*Node{Tanh(Bias(z, b, 1))}, nil},
		{"a bias of images", []*Node{Add(z, BroadcastTail(in("images", 2), 2, 4, 6, 6))}, nil},
		{"read twice", []*Node{Relu(z), Exp(z)}, nil},
		{"wanted itself", []*Node{Relu(z), z}, nil},
		{"kernels for each image", []*Node{Relu(Conv2D(x, in("each", 2, 4, 3, 3, 3), one, one))}, nil},
	} {
		p, err := NewPlan(c.outputs, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []kernels.Convolved
		for _, s := range p.steps {
			if found, ok := s.op.(kernels.Convolved); ok {
				found.Conv = kernels.Conv{}
				got = append(got, found)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

package imported_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph"
	"drift/graph/imported"
)

// single makes a network of x [n,2,4] and one parameter [2,4] around an expression of their sum, which is positive where asked for.
func single(name string, positive bool, f func(b *builder, z *Node, n int) *Node) network {
	return network{name: name, build: func(b *builder, n int) ([]*Node, *Node, *Node) {
		x := b.data("x", n, 2, 4)
		z := Must(BroadcastAdd(x, Must(Reshape(b.param("w", 2, 4), tensor.Shape{1, 2, 4})), nil, []byte{0}))
		if positive {
			z = Must(Add(Must(Square(z)), NewConstant(0.5)))
		}
		return []*Node{x}, nil, Must(Mean(Must(Square(f(b, z, n)))))
	}}
}

func of(f func(*Node) (*Node, error)) func(*builder, *Node, int) *Node {
	return func(_ *builder, z *Node, _ int) *Node { return Must(f(z)) }
}

// images reshapes z [n,2,4] to images [n,2,2,2].
func images(f func(b *builder, x *Node, n int) *Node) func(*builder, *Node, int) *Node {
	return func(b *builder, z *Node, n int) *Node { return f(b, Must(Reshape(z, tensor.Shape{n, 2, 2, 2})), n) }
}

// ops is every op that is translated, in a network of its own.
func ops() []network {
	all := []network{
		single("abs", false, of(Abs)), single("exp", false, of(Exp)), single("log", true, of(Log)), single("neg", false, of(Neg)),
		single("square", false, of(Square)), single("sqrt", true, of(Sqrt)), single("inverse", true, of(Inverse)), single("cube", false, of(Cube)),
		single("sin", false, of(Sin)), single("cos", false, of(Cos)), single("tanh", false, of(Tanh)), single("sigmoid", false, of(Sigmoid)), single("log1p", true, of(Log1p)), single("expm1", false, of(Expm1)),
		single("softplus", false, of(Softplus)), single("rectify", false, of(Rectify)), single("mish", false, of(Mish)),
		single("sign", false, func(_ *builder, z *Node, _ int) *Node { return Must(HadamardProd(z, Must(Sign(z)))) }),
		single("leaky", false, func(_ *builder, z *Node, _ int) *Node { return Must(LeakyRelu(z, 0.2)) }),
		single("quotient", true, func(_ *builder, z *Node, _ int) *Node { return Must(HadamardDiv(NewConstant(2.0), z)) }),
		single("difference with a scalar", true, func(b *builder, z *Node, _ int) *Node { return Must(Sub(b.param("s"), z)) }),
		single("power", false, func(_ *builder, z *Node, _ int) *Node { return Must(Pow(z, NewConstant(3.0))) }),
		single("broken power", true, func(_ *builder, z *Node, _ int) *Node { return Must(Pow(z, NewConstant(1.7))) }),
		single("negative power", true, func(_ *builder, z *Node, _ int) *Node { return Must(Pow(z, NewConstant(-2.0))) }),
		single("sum", false, func(_ *builder, z *Node, _ int) *Node { return Must(Sum(z, 2)) }),
		single("mean of two axes", false, func(_ *builder, z *Node, _ int) *Node { return Must(Mean(z, 1, 2)) }),
		single("softmax", false, func(_ *builder, z *Node, n int) *Node { return Must(SoftMax(Must(Reshape(z, tensor.Shape{n, 8})))) }),
		single("log of softmax", false, func(_ *builder, z *Node, n int) *Node { return Must(LogSoftMax(Must(Reshape(z, tensor.Shape{n, 8})))) }),
		single("transpose", false, func(b *builder, z *Node, n int) *Node {
			t := Must(Reshape(Must(Transpose(z, 0, 2, 1)), tensor.Shape{n, 8}))
			return Must(Mul(t, b.param("v", 8, 2)))
		}),
		single("slices", false, func(_ *builder, z *Node, _ int) *Node {
			return Must(HadamardProd(Must(Slice(z, nil, S(1), S(1, 3))), Must(Slice(z, nil, S(0), S(2, 4)))))
		}),
		single("concatenation", false, func(_ *builder, z *Node, _ int) *Node { return Must(Concat(1, z, Must(Tanh(z)))) }),
		single("matrix times vector", false, func(b *builder, z *Node, n int) *Node {
			return Must(Mul(Must(Reshape(z, tensor.Shape{n, 8})), b.param("v", 8)))
		}),
		single("batched product", false, func(_ *builder, z *Node, _ int) *Node { return Must(BatchedMatMul(z, z, false, true)) }),
		single("inner product of parameters", false, func(b *builder, z *Node, n int) *Node {
			return Must(Mul(z, Must(Mul(b.param("u", 3), b.param("v", 3)))))
		}),
		single("constant tensor", false, func(b *builder, z *Node, n int) *Node {
			c := tensor.New(tensor.WithShape(1, 2, 4), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6, 7, 8}))
			return Must(BroadcastHadamardProd(z, NewTensor(b.g, Float64, 3, WithShape(1, 2, 4), WithName("mask"), WithValue(c)), nil, []byte{0}))
		}),
		single("convolution", false, images(func(b *builder, x *Node, n int) *Node {
			return Must(Conv2d(x, b.param("k", 3, 2, 2, 2), tensor.Shape{2, 2}, []int{1, 0}, []int{2, 1}, []int{1, 1}))
		})),
		single("dilated convolution", false, func(b *builder, z *Node, n int) *Node {
			return Must(Conv2d(Must(Reshape(z, tensor.Shape{n, 1, 2, 4})), b.param("k", 3, 1, 2, 2), tensor.Shape{2, 2}, []int{0, 1}, []int{1, 1}, []int{1, 2}))
		}),
		single("convolution with a bias a channel", false, images(func(b *builder, x *Node, n int) *Node {
			z := Must(Conv2d(x, b.param("k", 3, 2, 1, 2), tensor.Shape{1, 2}, []int{0, 0}, []int{1, 1}, []int{1, 1}))
			return Must(BroadcastAdd(z, b.param("b", 1, 3, 1, 1), nil, []byte{0, 2, 3}))
		})),
		single("norm of rows", true, func(_ *builder, z *Node, n int) *Node { return Must(Norm(Must(Reshape(z, tensor.Shape{n, 8})), 1, 2)) }),
		single("comparison", false, func(_ *builder, z *Node, n int) *Node {
			return Must(HadamardProd(z, Must(Gt(z, NewConstant(0.3), true))))
		}),
		single("max pooling", false, images(func(_ *builder, x *Node, n int) *Node {
			return Must(MaxPool2D(x, tensor.Shape{2, 1}, []int{0, 0}, []int{1, 1}))
		})),
	}
	return all
}

// differentiated are ops whose gradients Gorgonia has none of or gets wrong; they are held to differences of its values.
func differentiated() []network {
	return []network{
		single("inverse of the root", true, of(InverseSqrt)), single("log2", true, of(Log2)),
		single("ceil", false, func(_ *builder, z *Node, _ int) *Node { return Must(HadamardProd(z, Must(Ceil(z)))) }),
		single("floor", false, func(_ *builder, z *Node, _ int) *Node { return Must(HadamardProd(z, Must(Floor(z)))) }),
		single("power of a tensor", true, func(b *builder, z *Node, _ int) *Node { return Must(Pow(z, Must(Sin(z)))) }),
		single("smaller and larger", false, func(_ *builder, z *Node, _ int) *Node {
			return Must(Add(Must(MinBetween(z, Must(Sin(z)))), Must(MaxBetween(z, Must(Cos(z))))))
		}),
		single("slice in steps", false, func(_ *builder, z *Node, _ int) *Node { return Must(Slice(z, nil, nil, S(0, 4, 2))) }),
		single("contraction", false, images(func(b *builder, x *Node, n int) *Node {
			return Must(Tensordot([]int{1, 3}, []int{2, 0}, x, b.param("u", 2, 3, 2)))
		})),
		single("columns by index", false, func(b *builder, z *Node, n int) *Node {
			index := NewVector(b.g, Int, WithShape(3), WithName("columns"), WithValue(tensor.New(tensor.WithBacking([]int{3, 0, 3}))))
			return Must(ByIndices(z, index, 2))
		}),
		single("average pooling", false, func(_ *builder, z *Node, n int) *Node { // four to a window, and wide: so Gorgonia is right too
			return Must(AveragePool2D(Must(Reshape(z, tensor.Shape{n, 1, 2, 4})), tensor.Shape{2, 2}, []int{0, 0}, []int{1, 1}))
		}),
		single("maximum", false, func(_ *builder, z *Node, _ int) *Node { return Must(Max(z, 2)) }),
		single("softmax along the middle", false, func(_ *builder, z *Node, n int) *Node { return Must(SoftMax(z, 1)) }),
		single("upsampling", false, images(func(_ *builder, x *Node, n int) *Node { return Must(Upsample2D(x, 2)) })),
		single("global average", false, images(func(_ *builder, x *Node, n int) *Node { return Must(GlobalAveragePool2D(x)) })),
		single("outer product of parameters", false, func(b *builder, z *Node, n int) *Node {
			return Must(Mul(Must(Reshape(z, tensor.Shape{n, 8})), Must(OuterProd(b.param("u", 8), b.param("v", 3)))))
		}),
		single("group norm", false, images(func(b *builder, x *Node, n int) *Node {
			return Must(GroupNorm(x, b.param("s", 1, 2, 1, 1), b.param("o", 1, 2, 1, 1), 1, 2, 1e-5))
		})),
	}
}

// Every op has Gorgonia's values and gradients.
func TestOps(t *testing.T) {
	const n = 5
	for k, w := range slices.Concat(ops(), differentiated()) {
		t.Run(w.name, func(t *testing.T) {
			numeric := k >= len(ops())
			source, err := w.at(NewGraph(), n)
			must(t, err)
			data := w.batch(n, source)
			cost, gradients := tape(t, w, data, n, !numeric, func(imported.Graph) {})
			tol := 1e-10
			if numeric {
				gradients, tol = differences(t, w, data, n), 1e-7
			}
			ours := translated(t, w, model(t, w), data, n, 0, 1, 2, 3, 4)
			mean := graph.MeanAll(ours.loss)
			got := ours.evaluate(t, append([]*graph.Node{mean}, ours.gradient(mean)...)...)
			near(t, "cost", got[0], []float64{cost}, 1e-12)
			near(t, "gradient", flat(got[1:]), gradients, tol)
		})
	}
}

// Gorgonia's op types and the fields that are read are those of v0.9.18. They are not exported: another version needs another look.
func TestOpTypesOfGorgonia(t *testing.T) {
	g := NewGraph()
	leaf := func(shape ...int) *Node {
		return NewTensor(g, Float64, len(shape), WithShape(shape...), WithName(fmt.Sprint("leaf", shape)))
	}
	x, v, im := leaf(4, 3), leaf(3), leaf(2, 3, 6, 6)
	one := leaf(1, 3, 1, 1)
	norm := Must(GroupNorm(im, one, one, 1, 3, 1e-5))
	want := map[string][]string{
		"gorgonia.elemBinOp": {"ʘBinaryOperator", "retSame"}, "gorgonia.elemUnaryOp": {"ʘUnaryOperator"}, "gorgonia.constantScalar": {"v"},
		"gorgonia.linAlgBinOp": {"āBinaryOperator", "transA", "transB"}, "gorgonia.reshapeOp": {"to"}, "gorgonia.sizeOp": {"axis", "val"},
		"gorgonia.sumOp": {"along"}, "*gorgonia.maxOp": {"along"}, "*gorgonia.softmaxOp": {"axis", "isLog"}, "gorgonia.transposeOp": {"pattern"},
		"*gorgonia.sliceOp": {"Slice", "along"}, "gorgonia.concatOp": {"axis"}, "*gorgonia.repeatOp": {"along"}, "*gorgonia.byIndicesOp": {"axis"},
		"gorgonia.im2colOp":    {"h", "w", "padH", "padW", "strideH", "strideW", "dilationH", "dilationW"},
		"*gorgonia.maxPoolOp":  {"h", "w", "padNorth", "padWest", "padSouth", "padEast", "strideH", "strideW"},
		"*gorgonia.upsampleOp": {"stride"}, "*gorgonia.globalAveragePoolOp": nil, "*gorgonia.dropoutOp": {"probability", "isTraining"},
		"*gorgonia.GroupNormOp": {"numGroups", "epsilon"}, "gorgonia.tensordotOp": {"aAxes", "bAxes"},
		"gorgonia.minBetween": nil, "gorgonia.maxBetween": nil,
		"*gorgonia.avgPoolOp": {"h", "w", "padNorth", "padWest", "padSouth", "padEast", "strideH", "strideW"},
	}
	roots := []*Node{Must(Rectify(x)), Must(Tanh(x)), Must(Mul(x, v)), Must(Mean(x)), Must(Max(x, 1)), Must(SoftMax(x)), Must(Slice(x, S(0, 2))),
		Must(Concat(1, x, x)), Must(Conv2d(im, leaf(5, 3, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1})),
		Must(MaxPool2D(im, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})), Must(Upsample2D(im, 2)), Must(GlobalAveragePool2D(im)), Must(Dropout(x, 0.5)),
		Must(ByIndices(x, NewVector(g, tensor.Int, WithShape(4), WithName("index")), 0)), Must(BroadcastAdd(x, leaf(1, 3), nil, []byte{0})), norm,
		Must(Tensordot([]int{0}, []int{1}, v, x)), Must(MinBetween(x, x)), Must(MaxBetween(x, x)),
		Must(AveragePool2D(im, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))}
	if roots[0].Op() == nil || !reflect.ValueOf(roots[0]).Elem().FieldByName("children").IsValid() {
		t.Error("gorgonia.Node has no field children")
	}
	for _, n := range g.AllNodes() {
		if n.Op() == nil {
			continue
		}
		op := reflect.ValueOf(n.Op())
		for _, field := range want[op.Type().String()] {
			if !reflect.Indirect(op).FieldByName(field).IsValid() {
				t.Errorf("%v has no field %s", op.Type(), field)
			}
		}
		if op.Type().String() == "gorgonia.elemBinOp" && !op.FieldByName("ʘBinaryOperator").Elem().FieldByName("ʘBinaryOperatorType").IsValid() {
			t.Error("elemBinOp does not say which function it is")
		}
		delete(want, op.Type().String())
	}
	for name := range want {
		t.Errorf("Gorgonia has no op %s", name)
	}
}

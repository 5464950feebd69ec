package imported_test

import (
	"strings"
	"testing"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph/imported"
)

// What cannot be a model of independent examples, or cannot be translated, is refused in words that name it.
func TestRefused(t *testing.T) {
	// of is the network x·w with a loss of its own.
	of := func(loss func(b *builder, z, y *Node, n int) *Node) func(*builder, int) ([]*Node, *Node, *Node) {
		return func(b *builder, n int) ([]*Node, *Node, *Node) {
			x, y := b.data("x", n, 4), b.data("y", n, 3)
			return []*Node{x}, y, loss(b, Must(Mul(x, b.param("w", 4, 3))), y, n)
		}
	}
	square := func(z, y *Node) *Node { return Must(Mean(Must(Square(Must(Sub(z, y)))))) }
	cases := []struct {
		says  string
		build func(b *builder, n int) ([]*Node, *Node, *Node)
	}{
		{"examples influence each other", of(func(_ *builder, z, y *Node, n int) *Node {
			return square(Must(BroadcastSub(z, Must(Reshape(Must(Mean(z, 0)), tensor.Shape{1, 3})), nil, []byte{0})), y)
		})},
		{"examples influence each other", func(b *builder, n int) ([]*Node, *Node, *Node) {
			x, y := b.data("x", n, 4), b.data("y", n, 4)
			mean := Must(Reshape(Must(Mean(x, 0)), tensor.Shape{1, 4}))
			return []*Node{x}, y, square(Must(BroadcastHadamardProd(y, Must(HadamardProd(mean, b.param("w", 1, 4))), nil, []byte{0})), y)
		}},
		{"examples influence each other", of(func(_ *builder, z, y *Node, n int) *Node {
			gram := Must(Mul(z, Must(Transpose(z))))
			return Must(Mean(Must(Square(Must(Sub(Must(Mul(gram, z)), y))))))
		})},
		{"does not keep the examples of the batch apart", of(func(_ *builder, z, y *Node, n int) *Node { return square(Must(SoftMax(z, 0)), y) })},
		{"use GroupNorm", of(func(b *builder, z, y *Node, n int) *Node {
			image := Must(Reshape(z, tensor.Shape{n, 3, 1, 1}))
			normal, _, _, _, err := BatchNorm(image, nil, nil, 0.9, 1e-5)
			if err != nil {
				t.Fatal(err)
			}
			return square(Must(Reshape(normal, tensor.Shape{n, 3})), y)
		})},
		{"use SoftMax", of(func(_ *builder, z, y *Node, n int) *Node { return square(Must(Sparsemax(z)), y) })},
		{"drops what the target has entered", of(func(_ *builder, z, y *Node, n int) *Node {
			return Must(Mean(Must(Dropout(Must(Square(Must(Sub(z, y)))), 0.5))))
		})},
		{"dropout of what does not have the batch as its first axis", of(func(b *builder, z, y *Node, n int) *Node {
			return square(Must(Mul(z, Must(Dropout(b.param("square", 3, 3), 0.5)))), y)
		})},
		{"does not keep the examples of the batch apart", of(func(_ *builder, z, y *Node, n int) *Node {
			turned := Must(Dropout(Must(Reshape(Must(Transpose(z)), tensor.Shape{3 * n})), 0.5))
			return square(Must(Transpose(Must(Reshape(turned, tensor.Shape{3, n})))), y)
		})},
		{"the scalar loss is no sum over examples", of(func(_ *builder, z, y *Node, n int) *Node { return Must(Sqrt(square(z, y))) })},
		{"weighted otherwise", of(func(_ *builder, z, y *Node, n int) *Node { return Must(Sum(Must(Square(Must(Sub(z, y)))))) })},
		{"is not the same for 2 and 3 examples", of(func(_ *builder, z, y *Node, n int) *Node {
			return square(Must(Mul(z, NewConstant(1/float64(n)))), y)
		})},
		{"parameter bias of shape (2, 3)", of(func(b *builder, z, y *Node, n int) *Node {
			return square(Must(Add(z, b.param("bias", n, 3))), y)
		})},
		{"mask of shape (2, 3): has no value: list it", of(func(b *builder, z, y *Node, n int) *Node {
			return square(Must(HadamardProd(z, b.data("mask", n, 3))), y)
		})},
		{"parameter free: no value", of(func(b *builder, z, y *Node, n int) *Node {
			free := b.data("free", 1, 3)
			b.params = append(b.params, free)
			return square(biased(z, free), y)
		})},
		{"give the losses of the examples", of(func(_ *builder, z, y *Node, n int) *Node {
			return Must(Slice(Must(Sum(Must(Square(Must(Sub(z, y)))), 1)), S(0)))
		})},
		{"Losses has shape (2, 3)", of(func(_ *builder, z, y *Node, n int) *Node { return Must(Sub(z, y)) })},
		{"7 indices in steps of 2", of(func(_ *builder, z, y *Node, n int) *Node {
			both := Must(Slice(Must(Concat(1, z, z, z)), nil, S(0, 7, 2)))
			return square(both, y)
		})},
		{"is the same for all examples and meets the target", of(func(b *builder, z, y *Node, n int) *Node {
			scale := Must(Exp(b.param("scale")))
			return Must(Add(square(z, y), square(z, Must(Mul(y, scale)))))
		})},
	}
	for _, c := range cases {
		w := network{build: c.build}
		_, err := imported.New(w.at)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("want an error that says %q, got %v", c.says, err)
		}
	}
}

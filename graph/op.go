package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/kernels"
)

// Node is a node of a Gorgonia expression graph.
type Node = gorgonia.Node

// family is one kind of operation with its attributes: an immutable, comparable value. The set of families is closed
// under differentiation, so gradients of gradients need nothing new.
type family interface {
	// String prints the family with all its attributes: equal strings mean equal families.
	fmt.Stringer
	// shape is the result's shape; it panics with the operands' shapes where they do not fit.
	shape(in []tensor.Shape) tensor.Shape
	// vjp multiplies grad, which has the shape of out, by the transposed Jacobian in each input; nil where that vanishes identically.
	vjp(in []*Node, out, grad *Node) []*Node
	// below is where the examples of a batch lie in each input, given their layout in the result: each element of the result may
	// depend on elements of its own example only. It is nil where examples mix or cannot be followed.
	below(l layout, in []tensor.Shape, out tensor.Shape) []layout
	// primitive is the kernel that computes the result.
	primitive(in []tensor.Shape, out tensor.Shape) kernels.Primitive
}

// op is a family applied to particular inputs. Gorgonia identifies a node by a 32-bit hash of its op that leaves the
// children out, so an op names its children itself, and salt tells apart two whose hashes collide.
type op struct {
	family
	dtype tensor.Dtype
	in    []*Node
	out   tensor.Shape
	salt  uint32
}

var _ gorgonia.SDOp = (*op)(nil)

// apply adds family f over the inputs to their graph, or finds the node that is there already.
func apply(f family, in ...*Node) *Node {
	in = numbersFor(f, in)
	shapes := shapesOf(in)
	o := &op{family: f, dtype: in[0].Dtype(), in: in, out: f.shape(shapes)}
	if t, ok := f.(typed); ok {
		o.dtype = tensorType(t.dtype(DTypeOf(in[0])))
	}
	for ; ; o.salt++ {
		n, err := gorgonia.ApplyOp(o, in...)
		if err != nil {
			panic(constructionError{fmt.Errorf("graph: %v over %v: %w", f, shapes, err)})
		}
		if o.same(n.Op()) {
			return n
		}
		o = &op{family: f, dtype: o.dtype, in: in, out: o.out, salt: o.salt}
	}
}

func (o *op) same(other gorgonia.Op) bool {
	p, ok := other.(*op)
	if p == o && ok { // also where an attribute is NaN, which equals nothing
		return true
	}
	if !ok || p.family != o.family || len(p.in) != len(o.in) {
		return false
	}
	for i := range o.in {
		if o.in[i] != p.in[i] {
			return false
		}
	}
	return true
}

func shapesOf(nodes []*Node) []tensor.Shape {
	shapes := make([]tensor.Shape, len(nodes))
	for i, n := range nodes {
		shapes[i] = n.Shape()
	}
	return shapes
}

// inputsOf is the inputs of a node in order, none for a leaf. It refuses an op of Gorgonia's own, which must not pass for a leaf.
func inputsOf(n *Node) []*Node {
	switch o := n.Op().(type) {
	case nil:
		return nil
	case *op:
		return o.in
	}
	misuse("%v, node %d of shape %v, is Gorgonia's own op: translate the graph with package graph/imported", n.Op(), n.ID(), n.Shape())
	return nil
}

// familyOf is the node's family, nil for a leaf and for what is Gorgonia's own.
func familyOf(n *Node) family {
	if o, ok := n.Op().(*op); ok {
		return o.family
	}
	return nil
}

func (o *op) Arity() int { return len(o.in) }

func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, n := range o.in {
		types = append(types, gorgonia.TensorType{Dims: n.Dims(), Of: n.Dtype()})
	}
	return hm.NewFnType(append(types, gorgonia.TensorType{Dims: len(o.out), Of: o.dtype})...)
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.out.Clone(), nil }
func (o *op) ReturnsPtr() bool                                      { return false }
func (o *op) CallsExtern() bool                                     { return false }
func (o *op) OverwritesInput() int                                  { return -1 }
func (o *op) String() string                                        { return o.family.String() }

func (o *op) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "%T %v", o.family, o.family)
	for _, n := range o.in {
		fmt.Fprintf(h, " %d", n.ID())
	}
	fmt.Fprintf(h, " %d", o.salt)
}

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range wrt {
		wrt[i] = true
	}
	return wrt
}

// SymDiff is the vector–Jacobian product of the op in each of its inputs, as Gorgonia asks for it.
func (o *op) SymDiff(in gorgonia.Nodes, out, grad *Node) (gorgonia.Nodes, error) {
	var result gorgonia.Nodes
	err := Try(func() {
		result = o.vjp(in, out, grad)
		for i, n := range result {
			if n == nil {
				result[i] = Fill(in[i], 0)
			}
		}
	})
	return result, err
}

// constructionError carries misuse during construction to Try.
type constructionError struct{ error }

// Try runs a construction and returns the shape misuse that it met as an error.
func Try(build func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case constructionError:
			err = r.error
		default:
			panic(r)
		}
	}()
	build()
	return nil
}

// Fail ends a construction with an error, which Try returns.
func Fail(err error) { panic(constructionError{err}) }

// misuse reports operands that do not fit, as a panic that Try turns into an error.
func misuse(format string, args ...any) {
	panic(constructionError{fmt.Errorf("graph: "+format, args...)})
}

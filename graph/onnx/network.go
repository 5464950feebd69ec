package onnx

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/graph/nn"
	"drift/kernels"
)

// network is the graph of a file as one layer.
type network struct {
	source          []byte // of the file
	opset           int
	input, output   string
	whole           bool // the input holds whole numbers
	nodes           []*node
	params, buffers []*tensor
	arrays          map[string]*array // constants among the initializers
	out             []int             // shape of an example's output
	tokens          int               // rows of the table in which the input is looked up
	products        int
	lines           []nn.Line
}

var _ nn.Layer = (*network)(nil)

// Shape declares the parameters under their names in the file.
func (net *network) Shape(s *nn.Scope, _ []int) ([]int, error) {
	for _, t := range net.params {
		if err := s.Param(t.name, initial(t), held(t.shape)...); err != nil {
			return nil, err
		}
	}
	for _, t := range net.buffers {
		if err := s.Buffer(t.name, initial(t), held(t.shape)...); err != nil {
			return nil, err
		}
	}
	for _, l := range net.lines {
		s.Line(l)
	}
	s.CountProducts(net.products)
	return net.out, nil
}

// Build runs the nodes in order.
func (net *network) Build(own *nn.Build, x *graph.Node) *graph.Node {
	b := net.builder(x)
	for _, t := range net.params {
		b.give(t, own.Param(t.name))
	}
	for _, t := range net.buffers {
		b.give(t, own.Buffer(t.name))
	}
	return graph.Reshape(b.data(b.run()), append([]int{x.Shape()[0]}, net.out...)...)
}

// builder is one graph in the making.
type builder struct {
	*network
	x      *graph.Node
	dtype  kernels.DType
	values map[string]value
	leaves map[*array]*graph.Node
	fresh  map[*graph.Node]bool // parameters that no node has read
	left   int                  // elements that constants may still have

	tokens, products int
	lines            []nn.Line
}

func (net *network) builder(x *graph.Node) *builder {
	b := &builder{network: net, x: x, dtype: kernels.Float64, values: make(map[string]value), leaves: make(map[*array]*graph.Node),
		fresh: make(map[*graph.Node]bool), left: maxFolded}
	in := value{node: x, shape: x.Shape().Clone()}
	if net.whole {
		in.kind = whole
	}
	b.values[net.input] = in
	for name, a := range net.arrays {
		b.values[name] = folded(a)
	}
	return b
}

// give says which leaf holds a parameter or buffer.
func (b *builder) give(t *tensor, leaf *graph.Node) {
	b.values[t.name] = value{node: leaf, shape: t.shape}
	b.dtype = graph.DTypeOf(leaf)
	b.fresh[leaf] = true
}

// run computes the output.
func (b *builder) run() value {
	for _, n := range b.nodes {
		if err := graph.Try(func() { b.apply(n) }); err != nil {
			fail("%s (%s): %w", n, n.op, err)
		}
	}
	out, ok := b.values[b.output]
	if !ok {
		fail("no node computes its output %s", b.output)
	}
	return out
}

// apply computes a node's outputs.
func (b *builder) apply(n *node) {
	in := make([]value, len(n.inputs))
	params := 0
	for k, name := range n.inputs {
		if name == "" {
			continue
		}
		v, ok := b.values[name]
		if !ok {
			fail("it reads %q, which no node before it computes", name)
		}
		if in[k] = v; v.node != nil && b.fresh[v.node] {
			params, b.fresh[v.node] = params+v.size(), false
		}
	}
	before := b.products
	out := rules[n.op].do(b, n, in)
	for k, v := range out {
		if k >= len(n.outputs) || n.outputs[k] == "" {
			break
		}
		if _, err := volume(v.shape); err != nil || len(v.shape) > maxRank {
			fail("its result has shape %v", v.shape)
		}
		if _, taken := b.values[n.outputs[k]]; taken {
			fail("it computes %q, which is there already", n.outputs[k])
		}
		b.values[n.outputs[k]] = v
	}
	if made := b.products - before; (made > 0 || params > 0) && len(out) > 0 && len(out[0].shape) > 0 {
		batch := b.x.Shape()[0]
		b.lines = append(b.lines, nn.Line{Place: n.place(), Layer: n.op, Output: slices.Clone(out[0].shape[1:]), Params: params, Products: made / batch})
	}
}

// place is what a line about the node calls it.
func (n *node) place() string {
	if n.name != "" {
		return n.name
	}
	return fmt.Sprint(n.outputs[0])
}

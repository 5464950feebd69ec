package sigma

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/kernels"
)

// compile makes the program from the moments to the solution.
func (d *BasisInverse) compile(into kernels.Buffer) error {
	if d.program != nil && d.into == into {
		return nil
	}
	s := &basisSymbols{d: d, bind: map[*graph.Node]kernels.Buffer{}}
	err := graph.Try(func() { s.build(into) })
	if err != nil {
		return fmt.Errorf("preparing a diagonal of Σ: %w", err)
	}
	program, err := graph.Compile(d.f.Device(), []*graph.Node{s.out}, s.updates, s.bind)
	if err != nil {
		return fmt.Errorf("preparing a diagonal of Σ: %w", err)
	}
	if d.program != nil {
		d.program.Close()
	}
	d.program, d.into, d.out = program, into, program.Buffer(s.out)
	return nil
}

// basisSymbols is the program of a BasisInverse under construction: parameter by parameter, with one trace for all.
type basisSymbols struct {
	d       *BasisInverse
	graph   *gorgonia.ExprGraph
	bind    map[*graph.Node]kernels.Buffer
	updates []graph.Update
	out     *graph.Node
}

func (s *basisSymbols) leaf(name string, b kernels.Buffer, shape ...int) *graph.Node {
	n := graph.Input(s.graph, s.d.f.DType(), name, shape...)
	s.bind[n] = b
	return n
}

// build writes x = B (Bᵀḡ)/(s+δ) with the new s = keep·s + (1−keep)·(squares − (Bᵀḡ)²N/(N−1)), at least 0 whatever the rounding.
func (s *basisSymbols) build(into kernels.Buffer) {
	s.graph = graph.New()
	numbers := s.leaf("numbers", s.d.numbers, numberCount)
	number := func(k int, like *graph.Node) *graph.Node {
		return graph.BroadcastScalar(graph.SliceAxis(numbers, 0, k, k+1), like.Shape()...)
	}
	var mean, rotated, diagonal []*graph.Node
	var trace *graph.Node
	params := s.d.f.Model.Params()
	for k, p := range params {
		part := func(what string, b kernels.Buffer) *graph.Node {
			return s.leaf(fmt.Sprintf("%s %d", what, k), b.Slice(p.Offset, p.Offset+p.Len), p.Len)
		}
		g, squares, running := part("mean", s.d.mean), part("squares", s.d.squares), part("running", s.d.running)
		r := s.rotate(k, g, true)
		now := graph.Relu(graph.Sub(squares, graph.Mul(graph.Square(r), number(numberShare, r))))
		next := graph.Add(graph.Mul(number(numberKeep, r), graph.Sub(running, now)), now)
		s.updates = append(s.updates, graph.Update{Leaf: running, Value: next})
		mean, rotated, diagonal = append(mean, g), append(rotated, r), append(diagonal, next)
		if sum := graph.SumAll(next); trace == nil {
			trace = sum
		} else {
			trace = graph.Add(trace, sum)
		}
	}
	relative := graph.Scale(graph.Mul(graph.SliceAxis(numbers, 0, numberRelative, numberRelative+1), trace), 1/float64(s.d.mean.Len()))
	delta := graph.Add(graph.SliceAxis(numbers, 0, numberAbsolute, numberAbsolute+1), relative)
	var solution []*graph.Node
	for k, p := range params {
		damped := graph.Add(diagonal[k], graph.BroadcastScalar(delta, p.Len))
		x := s.rotate(k, graph.Div(rotated[k], damped), false)
		solution = append(solution, x)
		s.updates = append(s.updates, graph.Update{Leaf: s.leaf(fmt.Sprint("solution ", k), into.Slice(p.Offset, p.Offset+p.Len), p.Len), Value: x})
	}
	s.out = graph.Concat(0, trace, delta, graph.Inner(mean, solution))
}

// rotate takes a parameter's part of a vector into the basis, or back out of it.
func (s *basisSymbols) rotate(k int, x *graph.Node, into bool) *graph.Node {
	if s.d.bases == nil || s.d.bases.layers[k] == nil {
		return x
	}
	l := s.d.bases.layers[k]
	name := "back"
	if into {
		name = "into"
	}
	in := s.leaf(fmt.Sprintf("%s, inputs %d", name, k), s.d.bases.inputs(l), l.in, l.in)
	out := s.leaf(fmt.Sprintf("%s, outputs %d", name, k), s.d.bases.outputs(l), l.out, l.out)
	m := graph.Reshape(x, l.out, l.in)
	m = graph.MatMulT(graph.MatMulT(out, m, into, false), in, false, !into) // OᵀxI, or O x Iᵀ
	return graph.Reshape(m, l.out*l.in)
}

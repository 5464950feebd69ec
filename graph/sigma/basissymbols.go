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

// build writes x = B (Bᵀḡ)/(s+δ) with the new s = keep·s + (1−keep)·(squares − (Bᵀr̄)²N/(N−1)), of which rounding noise counts as 0.
func (s *basisSymbols) build(into kernels.Buffer) {
	s.graph = graph.New()
	numbers := s.leaf("numbers", s.d.numbers, numberCount)
	number := func(k int, like *graph.Node) *graph.Node {
		return graph.BroadcastScalar(graph.SliceAxis(numbers, 0, k, k+1), like.Shape()...)
	}
	var mean, rotated, diagonal, centers []*graph.Node
	var trace *graph.Node
	params := s.d.f.Model.Params()
	for k, p := range params {
		part := func(what string, b kernels.Buffer) *graph.Node {
			return s.leaf(fmt.Sprintf("%s %d", what, k), b.Slice(p.Offset, p.Offset+p.Len), p.Len)
		}
		shift, center := part("shift", s.d.shift), part("center", s.d.reference.Center)
		squares, running := part("squares", s.d.squares), part("running", s.d.running)
		g := graph.Add(shift, center)
		apart := s.rotate(k, shift, true, "shift")
		now := significant(graph.Sub(squares, graph.Mul(graph.Square(apart), number(numberShare, apart))), squares)
		r := s.rotate(k, g, true, "mean")
		centers = append(centers, center)
		next := graph.Add(graph.Mul(number(numberKeep, r), graph.Sub(running, now)), now)
		s.updates = append(s.updates, graph.Update{Leaf: running, Value: next})
		mean, rotated, diagonal = append(mean, g), append(rotated, r), append(diagonal, next)
		if sum := graph.SumAll(next); trace == nil {
			trace = sum
		} else {
			trace = graph.Add(trace, sum)
		}
	}
	size := graph.Mul(graph.Inner(centers, centers), graph.SliceAxis(numbers, 0, numberShare, numberShare+1))
	trace = significant(trace, graph.Scale(size, graph.Roundings*graph.Unit(s.d.f.DType()))) // see graph.CovarianceTrace
	relative := graph.Scale(graph.Mul(graph.SliceAxis(numbers, 0, numberRelative, numberRelative+1), trace), 1/float64(s.d.shift.Len()))
	delta := graph.Add(graph.SliceAxis(numbers, 0, numberAbsolute, numberAbsolute+1), relative)
	var solution []*graph.Node
	for k, p := range params {
		damped := graph.Add(diagonal[k], graph.BroadcastScalar(delta, p.Len))
		x := s.rotate(k, graph.Div(rotated[k], damped), false, "solution")
		solution = append(solution, x)
		s.updates = append(s.updates, graph.Update{Leaf: s.leaf(fmt.Sprint("solution ", k), into.Slice(p.Offset, p.Offset+p.Len), p.Len), Value: x})
	}
	s.out = graph.Concat(0, trace, delta, graph.Inner(mean, solution))
}

// significant is x, a difference of sums of the given sizes, and 0 where it is rounding noise.
func significant(x, size *graph.Node) *graph.Node {
	noise := graph.Scale(size, graph.Roundings*graph.Unit(graph.DTypeOf(x)))
	return graph.Mul(x, graph.Add(graph.Greater(x, noise), graph.Greater(graph.Neg(x), noise)))
}

// rotate takes a parameter's part of a vector into the basis, or back out of it.
func (s *basisSymbols) rotate(k int, x *graph.Node, into bool, what string) *graph.Node {
	if s.d.bases == nil || s.d.bases.layers[k] == nil {
		return x
	}
	l := s.d.bases.layers[k]
	in := s.leaf(fmt.Sprintf("inputs %d of the %s", k, what), s.d.bases.inputs(l), l.in, l.in)
	out := s.leaf(fmt.Sprintf("outputs %d of the %s", k, what), s.d.bases.outputs(l), l.out, l.out)
	m := graph.Reshape(x, l.out, l.in)
	m = graph.MatMulT(graph.MatMulT(out, m, into, false), in, false, !into) // OᵀxI, or O x Iᵀ
	return graph.Reshape(m, l.out*l.in)
}

package sigma

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// compile makes the program from the moments to the solution.
func (d *BasisInverse) compile(into kernels.Buffer) error {
	if d.program != nil && d.into == into {
		return nil
	}
	var out *graph.Node
	program, err := d.f.NewProgram(func(b *objective.Builder) {
		out = (&basisSymbols{b, d}).build(into)
		b.Output(out)
	})
	if err != nil {
		return fmt.Errorf("preparing a diagonal of Σ: %w", err)
	}
	if d.program != nil {
		d.program.Close()
	}
	d.program, d.into, d.out = program, into, program.Buffer(out)
	return nil
}

// basisSymbols is the program of a BasisInverse under construction: parameter by parameter, with one trace for all.
type basisSymbols struct {
	*objective.Builder
	d *BasisInverse
}

// build writes x = B (Bᵀḡ)/(s+δ) with the new s = keep·s + (1−keep)·(squares − (Bᵀr̄)²N/(N−1)), of which rounding noise counts as 0.
// It returns tr Σ, δ and ⟨ḡ, x⟩, [3].
func (s *basisSymbols) build(into kernels.Buffer) *graph.Node {
	numbers := s.Leaf(s.d.numbers, numberCount)
	number := func(k int, like *graph.Node) *graph.Node {
		return graph.BroadcastScalar(graph.SliceAxis(numbers, 0, k, k+1), like.Shape()...)
	}
	var mean, rotated, diagonal, centers []*graph.Node
	var trace *graph.Node
	params := s.d.f.Model.Params()
	for k, p := range params {
		part := func(b kernels.Buffer) *graph.Node { return s.Leaf(b.Slice(p.Offset, p.Offset+p.Len), p.Len) }
		shift, center, squares, running := part(s.d.shift), part(s.d.reference.Center), part(s.d.squares), part(s.d.running)
		g := graph.Add(shift, center)
		apart := s.rotate(k, shift, true)
		now := significant(graph.Sub(squares, graph.Mul(graph.Square(apart), number(numberShare, apart))), squares)
		r := s.rotate(k, g, true)
		centers = append(centers, center)
		next := graph.Add(graph.Mul(number(numberKeep, r), graph.Sub(running, now)), now)
		s.Set(running, next)
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
		x := s.rotate(k, graph.Div(rotated[k], damped), false)
		solution = append(solution, x)
		s.Set(s.Leaf(into.Slice(p.Offset, p.Offset+p.Len), p.Len), x)
	}
	return graph.Concat(0, trace, delta, graph.Inner(mean, solution))
}

// significant is x, a difference of sums of the given sizes, and 0 where it is rounding noise.
func significant(x, size *graph.Node) *graph.Node {
	noise := graph.Scale(size, graph.Roundings*graph.Unit(graph.DTypeOf(x)))
	return graph.Mul(x, graph.Add(graph.Greater(x, noise), graph.Greater(graph.Neg(x), noise)))
}

// rotate takes a parameter's part of a vector into the basis, or back out of it.
func (s *basisSymbols) rotate(k int, x *graph.Node, into bool) *graph.Node {
	if s.d.bases == nil || s.d.bases.layers[k] == nil {
		return x
	}
	l := s.d.bases.layers[k]
	in, out := s.d.bases.leaves(l, s.Leaf)
	m := graph.Reshape(x, l.shape(l.out, l.in)...)
	m = graph.MatMulT(graph.MatMulT(out, m, into, false), in, false, !into) // OᵀxI, or O x Iᵀ
	return graph.Flatten(m)
}

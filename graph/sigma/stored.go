package sigma

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// stored is the gradients of n examples in factored form, kept on the device: the matrix G [n,P] that is never formed, each row at the
// parameters that the objective held when it was taken. Products with them need no other sweep over the model.
type stored struct {
	f        *objective.Objective
	n        int
	template *graph.PerExample // of the same shapes, from which compile makes those of the factors
	factors  []kernels.Buffer  // row by row, behind one another

	passes map[int]*objective.Pass // that write gradients, by the first row

	coefficients kernels.Buffer // [n]
	products     *graph.Program // what a Gram holds
	matrix, rest kernels.Buffer // of the program: R Rᵀ, and ⟨r_n, m⟩ with ‖m‖² behind them
	combinations map[kernels.Buffer]*graph.Program
}

// newStored makes room for n gradients, all zero.
func newStored(f *objective.Objective, n int) (*stored, error) {
	f = f.Undivided()
	s := &stored{f: f, n: n, combinations: map[kernels.Buffer]*graph.Program{}, passes: map[int]*objective.Pass{}}
	if err := f.Sketch(n, func(b *objective.Batch) { s.template = b.Here().PerExample() }); err != nil {
		return nil, err
	}
	for _, node := range s.template.Nodes() {
		b, err := f.Device().NewBuffer(f.DType(), graph.Size(node))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("keeping the gradients of %d examples: %w", n, err)
		}
		s.factors = append(s.factors, b)
	}
	var err error
	if s.coefficients, err = f.Device().NewBuffer(f.DType(), n); err != nil {
		s.close()
		return nil, fmt.Errorf("coefficients of %d examples: %w", n, err)
	}
	return s, nil
}

// compile makes a program that reads the gradients.
func (s *stored) compile(build func(b *objective.Builder, gradients *graph.PerExample)) (*graph.Program, error) {
	return s.f.NewProgram(func(b *objective.Builder) {
		var leaves []*graph.Node
		for i, node := range s.template.Nodes() {
			leaves = append(leaves, b.Leaf(s.factors[i], node.Shape()...))
		}
		build(b, s.template.On(leaves))
	})
}

// take puts the gradients of examples, at the objective's parameters, into rows from the given one on. It measures the last chunk of them.
func (s *stored) take(row int, examples []int) (measured objective.Measured, err error) {
	for len(examples) > 0 {
		n := min(len(examples), s.f.Chunk())
		p := s.passes[row]
		if p == nil {
			if p, err = s.f.Compile(n, s.rows(row), nil); err != nil {
				return measured, fmt.Errorf("keeping the gradients of %d examples: %w", n, err)
			}
			s.passes[row] = p
		}
		if err := p.Run(examples[:n]); err != nil {
			return measured, err
		}
		measured, row, examples = p.Measured(), row+n, examples[n:]
	}
	return measured, nil
}

// rows writes the gradients of one chunk from a row on.
func (s *stored) rows(row int) objective.Expression {
	return func(b *objective.Batch) {
		b.Measure(b.Here())
		for i, node := range b.Here().PerExample().Nodes() {
			width := s.factors[i].Len() / s.n
			b.Total(s.factors[i].Slice(row*width, (row+b.N)*width), node)
		}
	}
}

// gram reads what products of the gradients are made of.
func (s *stored) gram(into *Gram) (err error) {
	if s.products == nil {
		var products, rest *graph.Node
		s.products, err = s.compile(func(b *objective.Builder, gradients *graph.PerExample) {
			d := gradients.Deviations()
			products, rest = d.Gram(), graph.Concat(0, d.Along(), d.CenterNorm())
			b.Output(products)
			b.Output(rest)
		})
		if err != nil {
			return fmt.Errorf("preparing the Gram matrix of %d gradients: %w", s.n, err)
		}
		s.matrix, s.rest = s.products.Buffer(products), s.products.Buffer(rest)
	}
	if err := s.products.Run(); err != nil {
		return err
	}
	rest := make([]float64, s.n+1)
	if err := s.rest.Read(rest); err != nil {
		return err
	}
	into.Along, into.Center = rest[:s.n], rest[s.n]
	return s.matrix.Read(into.Rest.RawSymmetric().Data)
}

// combine writes Gᵀc [P].
func (s *stored) combine(c []float64, into kernels.Buffer) (err error) {
	p := s.combinations[into]
	if p == nil {
		p, err = s.compile(func(b *objective.Builder, gradients *graph.PerExample) {
			b.SetVector(b.Vector(into), gradients.Combine(b.Leaf(s.coefficients, s.n)))
		})
		if err != nil {
			return fmt.Errorf("preparing combinations of %d gradients: %w", s.n, err)
		}
		s.combinations[into] = p
	}
	if err := s.coefficients.Write(c); err != nil {
		return err
	}
	return p.Run()
}

// bytes is the memory that gradients and programs hold.
func (s *stored) bytes() int64 {
	var sum int64
	for _, b := range s.factors {
		sum += int64(b.Len()) * int64(s.f.DType().Size())
	}
	if s.products != nil {
		sum += s.products.Bytes()
	}
	for _, p := range s.combinations {
		sum += p.Bytes()
	}
	return sum
}

func (s *stored) close() {
	if s.products != nil {
		s.products.Close()
	}
	for _, p := range s.combinations {
		p.Close()
	}
	for _, p := range s.passes {
		p.Close()
	}
	objective.Free(s.coefficients)
	objective.Free(s.factors...)
}

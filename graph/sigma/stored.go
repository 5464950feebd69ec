package sigma

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// stored is the gradients of n examples in factored form, kept on the device: the matrix G [n,P] that is never formed, each row at the
// parameters that the objective held when it was taken. Products with them need no other sweep over the model.
type stored struct {
	f         *objective.Objective
	n         int
	symbols   *gorgonia.ExprGraph
	bind      map[*graph.Node]kernels.Buffer // of the leaves
	gradients *graph.PerExample              // made of the leaves
	factors   []kernels.Buffer               // row by row, behind the leaves

	passes map[int]*objective.Pass // that write gradients, by the first row

	coefficients kernels.Buffer // [n]
	weights      *graph.Node    // their leaf
	products     *graph.Program // what a Gram holds
	matrix, rest kernels.Buffer // of the program: R Rᵀ, and ⟨r_n, m⟩ with ‖m‖² behind them
	combinations map[kernels.Buffer]*graph.Program
}

// newStored makes room for n gradients, all zero.
func newStored(f *objective.Objective, n int) (*stored, error) {
	var pattern *graph.PerExample
	if err := f.Sketch(n, func(b *objective.Batch) { pattern = b.Here().PerExample() }); err != nil {
		return nil, err
	}
	s := &stored{f: f, n: n, symbols: graph.New(), bind: map[*graph.Node]kernels.Buffer{}, combinations: map[kernels.Buffer]*graph.Program{},
		passes: map[int]*objective.Pass{}}
	var leaves []*graph.Node
	for i, node := range pattern.Nodes() {
		b, err := f.Device().NewBuffer(f.DType(), graph.Size(node))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("keeping the gradients of %d examples: %w", n, err)
		}
		s.factors = append(s.factors, b)
		leaves = append(leaves, s.leaf(fmt.Sprint("factor ", i), b, node.Shape()...))
	}
	s.gradients = pattern.On(leaves)
	var err error
	if s.coefficients, err = f.Device().NewBuffer(f.DType(), n); err != nil {
		s.close()
		return nil, fmt.Errorf("coefficients of %d examples: %w", n, err)
	}
	s.weights = s.leaf("coefficients", s.coefficients, n)
	return s, nil
}

func (s *stored) leaf(name string, b kernels.Buffer, shape ...int) *graph.Node {
	l := graph.Input(s.symbols, s.f.DType(), fmt.Sprintf("%s, leaf %d", name, len(s.bind)), shape...)
	s.bind[l] = b
	return l
}

// vector is a flat vector [P] on the device as leaves in the shapes of the parameters.
func (s *stored) vector(name string, v kernels.Buffer) []*graph.Node {
	var leaves []*graph.Node
	for _, p := range s.f.Model.Params() {
		leaves = append(leaves, s.leaf(name+" of "+p.Name, v.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
	}
	return leaves
}

// assign is the updates that write values in the shapes of the parameters into a flat vector [P].
func (s *stored) assign(into kernels.Buffer, values []*graph.Node) []graph.Update {
	var updates []graph.Update
	for k, leaf := range s.vector("result", into) {
		updates = append(updates, graph.Update{Leaf: leaf, Value: values[k]})
	}
	return updates
}

func (s *stored) compile(outputs []*graph.Node, updates []graph.Update) (*graph.Program, error) {
	return graph.Compile(s.f.Device(), outputs, updates, s.bind)
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
		err = graph.Try(func() {
			d := s.gradients.Deviations()
			products, rest = d.Gram(), graph.Concat(0, d.Along(), d.CenterNorm())
		})
		if err == nil {
			s.products, err = s.compile([]*graph.Node{products, rest}, nil)
		}
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
		var updates []graph.Update
		if err = graph.Try(func() { updates = s.assign(into, s.gradients.Combine(s.weights)) }); err == nil {
			p, err = s.compile(nil, updates)
		}
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

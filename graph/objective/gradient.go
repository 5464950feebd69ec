package objective

import (
	"drift/graph"
	"drift/kernels"
)

// CompileGradient prepares a pass that writes ḡ, the gradient of the mean loss over examples, into a flat vector [P], and measures them.
func (f *Objective) CompileGradient(n int, into kernels.Buffer) (*Pass, error) {
	return f.Compile(n, meanGradient(into), nil)
}

func meanGradient(into kernels.Buffer) Expression {
	return func(b *Batch) {
		b.Measure(b.Here())
		b.Sum(into, b.Gradient(b.Here()))
	}
}

// CompileHVP prepares a pass that writes H v, the Hessian of the mean loss over examples times a vector [P], into another. Over examples that fit one chunk,
// runs for further vectors at the same parameters leave out the passes that do not depend on the vector.
func (f *Objective) CompileHVP(n int, v, into kernels.Buffer) (*Pass, error) {
	return f.Compile(n, hvp(v, into, (*Batch).Varying), nil)
}

// CompileHVPs prepares a pass for H v of several vectors at once, by RunSeveral.
func (f *Objective) CompileHVPs(n int, v, into kernels.Buffer) (*Pass, error) {
	return f.Compile(n, hvp(v, into, (*Batch).Vary), nil)
}

func hvp(v, into kernels.Buffer, along func(b *Batch, v kernels.Buffer) []*graph.Node) Expression {
	return func(b *Batch) {
		b.Sum(into, graph.HVP([]*graph.Node{b.Weighted(b.Here())}, b.Params, along(b, v)))
	}
}

// CompileCurvature prepares a pass that writes H v and its derivative ∂(vᵀH v), with v held constant, into flat vectors [P]: the
// second and third derivatives of the mean loss over examples along v.
func (f *Objective) CompileCurvature(n int, v, second, third kernels.Buffer) (*Pass, error) {
	return f.Compile(n, func(b *Batch) {
		along := b.Varying(v)
		hv := graph.HVP([]*graph.Node{b.Weighted(b.Here())}, b.Params, along)
		b.Sum(second, hv)
		b.Sum(third, graph.Grad(hv, along, b.Params))
	}, nil)
}

// once runs a pass that is prepared for one use.
func once(p *Pass, err error, examples []int) error {
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run(examples)
}

// Gradient writes ḡ over examples into a flat vector [P]. It prepares a pass for this one use: CompileGradient is for many.
func (f *Objective) Gradient(examples []int, into kernels.Buffer) error {
	p, err := f.CompileGradient(max(1, len(examples)), into)
	return once(p, err, examples)
}

// HVP writes H v over examples into a flat vector [P]. It prepares a pass for this one use: CompileHVP is for many.
func (f *Objective) HVP(examples []int, v, into kernels.Buffer) error {
	p, err := f.CompileHVP(max(1, len(examples)), v, into)
	return once(p, err, examples)
}

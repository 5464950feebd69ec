package sigma

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// ParameterOperator is an operator on vectors of the parameters' length P: a product takes one pass over the examples.
type ParameterOperator struct {
	f          *objective.Objective
	from, into kernels.Buffer // [P]
	shift      kernels.Buffer // r̄ [P] of examples that do not fit one chunk, with the reference that it is from
	reference  *objective.Reference
	examples   []int
	product    *objective.Pass // writes A·from into the other

	// Of an operator whose chunks share work for several vectors, nil for others:
	compileAll func() (*objective.Pass, error)
	all        *objective.Pass // nil before its first use
}

var _ severalOperator = (*ParameterOperator)(nil)

// NewHessian is H, the Hessian of the mean loss over examples of the training data.
func NewHessian(f *objective.Objective, examples []int) (*ParameterOperator, error) {
	a := &ParameterOperator{f: f, examples: examples}
	err := a.reserve("Hessian", &a.from, &a.into)
	if err == nil {
		a.product, err = f.CompileHVP(len(examples), a.from, a.into)
	}
	a.compileAll = func() (*objective.Pass, error) { return f.CompileHVPs(len(examples), a.from, a.into) }
	return a.ready(err)
}

// NewCovariance is Σ = (1/(N−1)) Σ_n (g_n−ḡ)(g_n−ḡ)ᵀ over examples of the training data, at least two of them; a product is
// Σv = (1/(N−1)) Σ_n ⟨g_n−ḡ, v⟩ (g_n−m), from deviations (graph.Deviations).
func NewCovariance(f *objective.Objective, examples []int) (*ParameterOperator, error) {
	if len(examples) < 2 {
		return nil, fmt.Errorf("covariance of %d gradients: it takes at least 2 examples", len(examples))
	}
	a := &ParameterOperator{f: f, examples: examples}
	err := a.reserve("covariance", &a.from, &a.into)
	if err == nil && !f.AtOnce(len(examples)) {
		err = a.center()
	}
	if err == nil {
		a.product, err = f.Compile(len(examples), a.covariance, nil)
	}
	return a.ready(err)
}

// ready is the operator, or the error that its preparation met.
func (a *ParameterOperator) ready(err error) (*ParameterOperator, error) {
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// center finds a reference for the gradients and r̄, the mean of their deviations from it.
func (a *ParameterOperator) center() (err error) {
	if err = a.reserve("covariance", &a.shift); err != nil {
		return err
	}
	if a.reference, err = a.f.NewReference(); err != nil {
		return err
	}
	p, err := a.f.Compile(len(a.examples), func(b *objective.Batch) {
		b.Sum(a.shift, objective.Times(b.Deviations(a.reference, b.Here()).Sum(), b.Mean))
	}, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run(a.examples)
}

// covariance is what a batch contributes to Σv.
func (a *ParameterOperator) covariance(b *objective.Batch) {
	v := b.Varying(a.from)
	if b.Whole {
		b.Sum(a.into, graph.NewCovariance(b.Here().PerExample()).Apply(v))
		return
	}
	rest := b.Around(a.reference, b.Here())
	along := graph.Sub(rest.Dot(v), graph.BroadcastScalar(graph.Inner(b.Vector(a.shift), v), b.N))
	b.Sum(a.into, rest.Combine(graph.Mul(graph.BroadcastScalar(b.CovarianceWeight, b.N), along)))
}

// reserve makes room for vectors, or for none.
func (a *ParameterOperator) reserve(what string, vectors ...*kernels.Buffer) (err error) {
	for _, v := range vectors {
		if *v, err = a.f.NewVector(); err != nil {
			return fmt.Errorf("%s: memory for %d vectors of %d parameters: %w", what, len(vectors), a.Dim(), err)
		}
	}
	return nil
}

// Dim is P.
func (a *ParameterOperator) Dim() int { return a.f.NumParams() }

func (a *ParameterOperator) Apply(into, from []float64) error {
	if err := a.from.Write(from); err != nil {
		return err
	}
	if err := a.product.Run(a.examples); err != nil {
		return err
	}
	return a.into.Read(into)
}

// ApplyAll writes A·from of each vector into another, with the bits of Apply. Over several chunks each does what does not depend on the vectors once for all.
func (a *ParameterOperator) ApplyAll(into, from [][]float64) (err error) {
	if len(from) < 2 || a.compileAll == nil || !a.f.InChunks(len(a.examples)) {
		for k := range from {
			if err = a.Apply(into[k], from[k]); err != nil {
				return err
			}
		}
		return nil
	}
	if a.all == nil {
		if a.all, err = a.compileAll(); err != nil {
			return err
		}
	}
	return a.all.RunSeveral(a.examples, len(from), func(k int, first bool) error {
		if !first {
			if err := a.into.Write(into[k]); err != nil {
				return err
			}
		}
		return a.from.Write(from[k])
	}, func(k int) error { return a.into.Read(into[k]) })
}

// Close gives the device's memory back.
func (a *ParameterOperator) Close() {
	a.product.Close()
	a.all.Close()
	a.reference.Close()
	objective.Free(a.from, a.into, a.shift)
}

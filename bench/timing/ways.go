package timing

import (
	"drift/graph"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/kernels"
	"drift/optim"
)

// tiny is a learning rate that leaves the parameters, and with them the work, as they are.
const tiny = 1e-6

// runner is a prepared pass.
type runner interface {
	Run(examples []int) error
	Close()
}

// over is runs of a pass over the batch.
func (w *workload) over(p runner, err error) (func() error, error) {
	if err != nil {
		return nil, err
	}
	w.closings = append(w.closings, p.Close)
	return func() error { return p.Run(w.batch) }, nil
}

// pass is an expression over the batch, with loss and accuracy as a gradient has them.
func (w *workload) pass(e objective.Expression) (func() error, error) {
	return w.over(w.f.Compile(len(w.batch), func(b *objective.Batch) {
		b.Measure(b.Here())
		e(b)
	}, nil))
}

func gradient(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	return w.over(w.f.CompileGradient(len(w.batch), g))
}

// sgd is a gradient and θ ← θ − ηḡ.
func sgd(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	find, err := w.over(w.f.CompileGradient(len(w.batch), g))
	if err != nil {
		return nil, err
	}
	u, err := optim.NewUpdate(w.f.Device(), optim.Chain(nil), w.f.Model.Params(), w.f.Parameters(), g)
	if err != nil {
		return nil, err
	}
	w.closings = append(w.closings, u.Close)
	return func() error {
		if err := find(); err != nil {
			return err
		}
		return u.Step(tiny)
	}, nil
}

// norms is ḡ and tr Σ, with all ‖g_n‖².
func norms(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	return w.over(w.f.CompileTrace(len(w.batch), g, nil))
}

// direction is a vector to multiply with, and one for the product.
func (w *workload) direction() (v, into kernels.Buffer, err error) {
	if v, err = w.vector(); err == nil {
		err = v.Write(w.f.Initial(2))
	}
	if err == nil {
		into, err = w.vector()
	}
	return v, into, err
}

// hvp is a first product with the Hessian at some parameters.
func hvp(w *workload) (func() error, error) {
	p, further, err := w.product()
	return func() error {
		p.Forget()
		return further()
	}, err
}

// furtherHVP is one more at the same parameters and examples.
func furtherHVP(w *workload) (func() error, error) {
	_, further, err := w.product()
	if err == nil {
		err = further() // the first
	}
	return further, err
}

// product is H v, which keeps what does not depend on v.
func (w *workload) product() (p *objective.Pass, run func() error, err error) {
	v, into, err := w.direction()
	if err != nil {
		return nil, nil, err
	}
	p, err = w.f.CompileHVP(len(w.batch), v, into)
	run, err = w.over(p, err)
	return p, run, err
}

// sigmaVector is Σv.
func sigmaVector(w *workload) (func() error, error) {
	v, into, err := w.direction()
	if err != nil {
		return nil, err
	}
	return w.pass(func(b *objective.Batch) {
		b.Sum(into, graph.NewCovariance(b.Here().PerExample()).Apply(b.Vector(v)))
	})
}

// traceGradient is ḡ, tr Σ and the exact ∂tr Σ.
func traceGradient(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	d, err := w.vector()
	if err != nil {
		return nil, err
	}
	return w.over(w.f.CompileTraceGradient(len(w.batch), g, d, nil))
}

// gram is (Σ+δI)⁻¹ḡ through the Gram matrix of the batch.
func gram(w *workload) (func() error, error) {
	inverse, err := sigma.NewGramInverse(w.f)
	if err != nil {
		return nil, err
	}
	return w.inverse(inverse, 1)
}

// lowRank is (Σ+δI)⁻¹ḡ with ten eigenpairs, for each of the steps that these are kept.
func lowRank(w *workload) (func() error, error) {
	inverse, err := sigma.NewLowRankInverse(w.f, sigma.LowRank{Rank: 10, Refresh: refresh, Window: sigma.Window(len(w.batch))})
	if err != nil {
		return nil, err
	}
	return w.inverse(inverse, refresh)
}

// inverse is a number of solutions by an inverse, which it takes over.
func (w *workload) inverse(solver interface {
	sigma.Inverse
	WorkBytes() int64
}, times int) (func() error, error) {
	w.closings, w.memory = append(w.closings, solver.Close), append(w.memory, solver.WorkBytes)
	x, err := w.vector()
	return func() error {
		for range times {
			if _, err := solver.Solve(w.batch, sigma.Damping{Value: 1, Relative: true}, x); err != nil {
				return err
			}
		}
		return nil
	}, err
}

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

func gradient(w *workload) (func() error, error) {
	g, err := w.vector()
	return func() error { return w.f.Gradient(w.batch, g) }, err
}

// sgd is a gradient and θ ← θ − ηḡ.
func sgd(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	u, err := optim.NewUpdate(w.f.Device(), optim.Chain(nil), w.f.Parameters(), g)
	if err != nil {
		return nil, err
	}
	w.closings = append(w.closings, u.Close)
	return func() error {
		if err := w.f.Gradient(w.batch, g); err != nil {
			return err
		}
		return u.Step(tiny)
	}, nil
}

// pass is an expression over the batch, with loss and accuracy as a gradient has them.
func (w *workload) pass(what string, vectors []kernels.Buffer, e objective.Expression) func() error {
	measured := func(b *objective.Batch) {
		b.Read(graph.SumAll(b.Weighted()))
		b.Read(graph.SumAll(graph.Correct(b.Output, b.Target)))
		e(b)
	}
	return func() error { return w.f.Pass(what, objective.Train, w.batch, vectors, measured, nil) }
}

// norms is a gradient, all ‖g_n‖² and tr Σ.
func norms(w *workload) (func() error, error) {
	g, err := w.vector()
	return w.pass("norms", []kernels.Buffer{g}, func(b *objective.Batch) {
		sigma := graph.NewCovariance(b.PerExample())
		b.Sum(g, sigma.Mean())
		b.Read(sigma.SquaredNorms())
		b.Read(sigma.Trace())
	}), err
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

func hvp(w *workload) (func() error, error) {
	v, into, err := w.direction()
	return func() error { return w.f.HVP(w.batch, v, into) }, err
}

// sigmaVector is Σv.
func sigmaVector(w *workload) (func() error, error) {
	v, into, err := w.direction()
	return w.pass("sigma-vector", []kernels.Buffer{v, into}, func(b *objective.Batch) {
		b.Sum(into, graph.NewCovariance(b.PerExample()).Apply(b.Vector(v)))
	}), err
}

// traceGradient is ḡ, tr Σ and the exact ∂tr Σ.
func traceGradient(w *workload) (func() error, error) {
	g, err := w.vector()
	if err != nil {
		return nil, err
	}
	d, err := w.vector()
	return func() error {
		_, err := w.f.TraceGradient(w.batch, g, d)
		return err
	}, err
}

// gram is (Σ+δI)⁻¹ḡ through the Gram matrix of the batch.
func gram(w *workload) (func() error, error) {
	inverse, err := sigma.NewGramInverse(w.f)
	if err != nil {
		return nil, err
	}
	return w.inverse(inverse, 1)
}

// lowRank is (Σ+δI)⁻¹ḡ with ten eigenpairs, as many times as these are kept.
func lowRank(w *workload) (func() error, error) {
	inverse, err := sigma.NewLowRankInverse(w.f, sigma.LowRank{Rank: 10, Refresh: refresh, Window: sigma.Window(len(w.batch))})
	if err != nil {
		return nil, err
	}
	return w.inverse(inverse, refresh)
}

// inverse is so many solutions by an inverse, which it takes over.
func (w *workload) inverse(solver interface {
	sigma.Inverse
	WorkBytes() int64
}, times int) (func() error, error) {
	w.closings, w.memory = append(w.closings, solver.Close), append(w.memory, solver.WorkBytes)
	x, err := w.vector()
	return func() error {
		for range times {
			if err := solver.Solve(w.batch, sigma.Damping{Value: 1, Relative: true}, x); err != nil {
				return err
			}
		}
		return nil
	}, err
}

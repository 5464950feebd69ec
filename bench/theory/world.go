package theory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
)

// World is a model with its data in float64, at displacements u = θ − θ₀ from fixed parameters θ₀. Displacements are kept by
// themselves because θ₀ + u would round what is of order η² away: so a gradient is met with an error of the last bit of θ,
// and a displacement with one of η times that.
//
// The first error sticks: after it, and after the end of the context, all methods do nothing and Err returns it.
type World struct {
	// Train and Test are the indices of the examples of both parts, by which all methods name examples.
	Train, Test []int

	f       *objective.Objective
	ctx     context.Context
	origin  []float64 // θ₀
	moved   []float64 // θ₀ + u, the last that was written
	next    []float64 // likewise, to be written
	version uint64    // of the parameters behind that
	vectors [3]kernels.Buffer
	passes  passes // made when they are needed first
	losses  objective.Rows
	visit   func(u []float64) // where descents take gradients; nil: nobody asks
	err     error
}

// NewWorld puts a model with the given values of its objective.Tensors and both parts of the data on a device. Without test
// examples, the second half of the training examples serve. o says how passes are cut; its element type is float64 in any case.
func NewWorld(ctx context.Context, dev kernels.Device, model objective.Model, split *data.Split, values []float64, o objective.Options) (*World, error) {
	all, train := split.Train.Concat(split.Test), split.Train.Len()
	if split.Test.Len() == 0 {
		train /= 2
	}
	o.DType = kernels.Float64
	f, err := objective.New(dev, model, &data.Split{Train: all}, o)
	if err != nil {
		return nil, fmt.Errorf("preparing the checks: %w", err)
	}
	every := f.All(objective.Train)
	if err := f.SetValues(values); err != nil {
		f.Close()
		return nil, fmt.Errorf("preparing the checks: %w", err)
	}
	theta := values[:f.NumParams()]
	w := &World{Train: every[:train], Test: every[train:], f: f, ctx: ctx, origin: theta, moved: make([]float64, len(theta)), next: make([]float64, len(theta))}
	for k := range w.vectors {
		if w.vectors[k], err = f.NewVector(); err != nil {
			w.Close()
			return nil, fmt.Errorf("preparing the checks: %w", err)
		}
	}
	return w, nil
}

// passes is what is done over and over with a world.
type passes struct {
	gradient, losses, hvp, curvature *objective.Pass
	trace                            *objective.TraceGradient
	crossings                        *objective.CrossingsPass
}

// pass is one of the passes, or nil after an error.
func (w *World) pass(kept **objective.Pass, compile func() (*objective.Pass, error)) *objective.Pass {
	if *kept == nil && w.err == nil {
		*kept, w.err = compile()
	}
	return *kept
}

// run works through examples, unless there was an error before, and reports whether there is none.
func (w *World) run(p *objective.Pass, examples []int) bool {
	if w.err == nil {
		w.err = p.Run(examples)
	}
	return w.err == nil
}

// Close gives the memory on the device back.
func (w *World) Close() {
	w.passes.crossings.Close()
	w.f.Close()
	objective.Free(w.vectors[:]...)
}

// Parameters is P.
func (w *World) Parameters() int { return len(w.origin) }

// Chunk is how many examples a pass works on at once.
func (w *World) Chunk() int { return w.f.Chunk() }

// fail makes err the first error, if there is none yet.
func (w *World) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Err is the first error.
func (w *World) Err() error { return w.err }

// MoveTo makes other parameters θ₀.
func (w *World) MoveTo(theta []float64) { copy(w.origin, theta) }

// at takes the model to θ₀ + u, or says that nothing is to be done. Where it is there already nothing is written, so that products at one point share what they can.
func (w *World) at(u []float64) bool {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return false
	}
	copy(w.next, w.origin)
	if u != nil {
		floats.Add(w.next, u)
	}
	theta := w.f.Parameters()
	version := kernels.VersionOf(theta)
	if version != nil && w.version > 0 && version.Count() == w.version && slices.Equal(w.next, w.moved) {
		return true
	}
	w.err = theta.Write(w.next)
	w.moved, w.next, w.version = w.next, w.moved, version.Count()
	return w.err == nil
}

// Gradient is the gradient [P] of the mean loss over examples at u; nil stands for no displacement.
func (w *World) Gradient(examples []int, u []float64) []float64 {
	g := make([]float64, w.Parameters())
	w.gradient(examples, u, g)
	return g
}

// gradient writes it into a vector.
func (w *World) gradient(examples []int, u, into []float64) {
	if !w.at(u) {
		return
	}
	p := w.pass(&w.passes.gradient, func() (*objective.Pass, error) { return w.f.CompileGradient(len(examples), w.vectors[0]) })
	if w.run(p, examples) {
		w.err = w.vectors[0].Read(into)
	}
}

// Losses is ℓ_n of each of the examples at u.
func (w *World) Losses(examples []int, u []float64) []float64 {
	losses := make([]float64, len(examples))
	if !w.at(u) {
		return losses
	}
	p := w.pass(&w.passes.losses, func() (*objective.Pass, error) {
		return w.f.Compile(len(examples), func(b *objective.Batch) { b.Rows(&w.losses, b.Here().Loss) }, nil)
	})
	if w.run(p, examples) {
		copy(losses, w.losses.Values)
	}
	return losses
}

// Loss is the mean loss over examples at u.
func (w *World) Loss(examples []int, u []float64) float64 {
	return floats.Sum(w.Losses(examples, u)) / float64(len(examples))
}

// Change is what the mean loss over examples gains from θ₀ to u, as the integral of its gradient along the way: three-point Gauss
// and Legendre quadrature, exact to O(‖u‖⁶). Unlike a difference of losses it is not rounded at the size of the losses.
func (w *World) Change(examples []int, u []float64) float64 {
	change := 0.0
	for _, node := range [][2]float64{{-1, 5}, {0, 8}, {1, 5}} {
		at := (1 + node[0]*math.Sqrt(0.6)) / 2
		change += node[1] / 18 * floats.Dot(u, w.Gradient(examples, times(at, u)))
	}
	return change
}

// HVP is h v [P], the Hessian of the mean loss over examples at u times a vector.
func (w *World) HVP(examples []int, u, v []float64) []float64 {
	hv := make([]float64, w.Parameters())
	if !w.at(u) {
		return hv
	}
	p := w.pass(&w.passes.hvp, func() (*objective.Pass, error) {
		return w.f.CompileHVP(len(examples), w.vectors[0], w.vectors[1])
	})
	if w.err == nil {
		w.err = w.vectors[0].Write(v)
	}
	if w.run(p, examples) {
		w.err = w.vectors[1].Read(hv)
	}
	return hv
}

// Curvature is Hv and ∂(vᵀHv) [P], the second and third derivatives of the mean loss over examples along a vector, at u.
func (w *World) Curvature(examples []int, u, v []float64) (second, third []float64) {
	second, third = make([]float64, w.Parameters()), make([]float64, w.Parameters())
	if !w.at(u) {
		return second, third
	}
	p := w.pass(&w.passes.curvature, func() (*objective.Pass, error) {
		return w.f.CompileCurvature(len(examples), w.vectors[0], w.vectors[1], w.vectors[2])
	})
	if w.err == nil {
		w.err = w.vectors[0].Write(v)
	}
	if w.run(p, examples) {
		w.err = w.vectors[1].Read(second)
	}
	if w.err == nil {
		w.err = w.vectors[2].Read(third)
	}
	return second, third
}

// crossed is the share of pairs of an example and a unit with a kink that are on another side at u than at θ₀, NaN where no unit has one.
func (w *World) crossed(examples []int, u []float64) float64 {
	if !w.at(nil) {
		return math.NaN()
	}
	if w.passes.crossings == nil {
		w.passes.crossings, w.err = w.f.CompileCrossings(len(examples), w.vectors[0])
	}
	if w.err == nil {
		w.err = w.vectors[0].Write(u)
	}
	if w.err != nil {
		return math.NaN()
	}
	c, err := w.passes.crossings.Run(examples)
	if err != nil {
		w.fail(err)
		return math.NaN()
	}
	return c.Share()
}

// Covariance is ḡ, tr Σ and ∂tr Σ over examples at u, with Σ unbiased, in the factored forms of package graph.
func (w *World) Covariance(examples []int, u []float64) (mean []float64, trace float64, gradient []float64) {
	mean, gradient = make([]float64, w.Parameters()), make([]float64, w.Parameters())
	if !w.at(u) {
		return mean, 0, gradient
	}
	if w.passes.trace == nil {
		w.passes.trace, w.err = w.f.CompileTraceGradient(len(examples), w.vectors[0], w.vectors[1], nil)
	}
	if w.err == nil {
		w.err = w.passes.trace.Run(examples)
	}
	if w.err == nil {
		trace, w.err = w.passes.trace.Trace()
	}
	if w.err == nil {
		w.err = w.vectors[0].Read(mean)
	}
	if w.err == nil {
		w.err = w.vectors[1].Read(gradient)
	}
	return mean, trace, gradient
}

// Each is the gradients g_n at u one by one: the N×P matrix that the factored forms avoid, against which they are checked.
func (w *World) Each(examples []int, u []float64) [][]float64 {
	rows := make([][]float64, len(examples))
	for k, n := range examples {
		rows[k] = w.Gradient([]int{n}, u)
	}
	return rows
}

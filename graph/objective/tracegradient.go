package objective

import (
	"drift/graph"
	"drift/kernels"
)

// TraceGradient is ḡ, tr Σ and ∂tr Σ over examples, at least two of them. The last two are 0 where tr Σ is rounding noise
// (graph.CovarianceTrace). Examples that fit one chunk take one sweep; more take a pass for ḡ and another one for Σ_n h_n (g_n − ḡ).
//
// One pass over several chunks cannot do it: the term H ḡ takes the curvature of every example along a ḡ that is known behind the last chunk alone,
// and by then the activations of the others are gone. Adding up Σ_n h_n (g_n − m) first, m the mean of one chunk, leaves N H (ḡ − m) for a second
// pass all the same. That would be ∂tr Σ and then a Hessian product, some 3.2 + 2.4 gradients of a ResNet, where ḡ with tr Σ and then
// ∂tr Σ around it take 1.1 + 3.2.
type TraceGradient struct {
	objective   *Objective
	mean, slope kernels.Buffer
	end         Finish
	sweep       *Pass  // nil before it is needed, as the other two
	first       *Trace // ḡ and tr Σ
	second      *Pass
	trace       Number // of sweep
	measured    Measured
	chunked     bool // the last run took two passes
}

// CompileTraceGradient prepares runs over n examples that write ḡ and ∂tr Σ into flat vectors [P]. end may be nil.
func (f *Objective) CompileTraceGradient(n int, mean, slope kernels.Buffer, end Finish) (*TraceGradient, error) {
	t := &TraceGradient{objective: f, mean: mean, slope: slope, end: end}
	if err := t.prepare(n); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *TraceGradient) prepare(n int) (err error) {
	f := t.objective
	if f.AtOnce(n) {
		if t.sweep == nil {
			t.sweep, err = f.Compile(n, t.atOnce, t.end)
		}
		return err
	}
	if t.first == nil {
		if t.first, err = f.CompileTrace(n, t.mean, nil); err != nil {
			return err
		}
	}
	if t.second == nil {
		t.second, err = f.Compile(n, t.centered, t.end)
	}
	return err
}

// atOnce is everything from one chunk.
func (t *TraceGradient) atOnce(b *Batch) {
	sigma := graph.NewCovariance(b.Here().PerExample())
	b.Measure(b.Here())
	b.Number(&t.trace, sigma.Trace())
	b.Sum(t.mean, sigma.Mean())
	b.Sum(t.slope, sigma.TraceGradient(b.Params))
}

// centered is what one of several chunks contributes, once r̄ is known.
func (t *TraceGradient) centered(b *Batch) {
	rest := b.Around(t.first.reference, b.Here())
	weight := graph.Mul(graph.Scale(b.CovarianceWeight, 2), b.Scalar(t.first.counts))
	b.Sum(t.slope, rest.Slope(b.Here().PerExample(), b.Vector(t.first.shift), weight, b.Params))
}

// Run leaves ḡ and ∂tr Σ in their vectors.
func (t *TraceGradient) Run(examples []int) error {
	if err := t.prepare(max(1, len(examples))); err != nil {
		return err
	}
	if t.chunked = !t.objective.AtOnce(len(examples)); !t.chunked {
		t.measured = t.sweep.Measured()
		return t.sweep.Run(examples)
	}
	err := t.first.Run(examples)
	if t.measured = t.first.Measured(); err != nil {
		return err
	}
	return t.second.Run(examples)
}

// Measured is the loss and accuracy of the last run.
func (t *TraceGradient) Measured() Measured { return t.measured }

// Trace is tr Σ of the last run, 0 where it is rounding noise (graph.CovarianceTrace). It waits for the device.
func (t *TraceGradient) Trace() (float64, error) {
	if t.chunked {
		return t.first.Trace()
	}
	err := t.sweep.Numbers()
	return t.trace.Value, err
}

// Close gives the memory of the passes back. The vectors stay the caller's.
func (t *TraceGradient) Close() {
	if t != nil {
		t.sweep.Close()
		t.first.Close()
		t.second.Close()
	}
}

// TraceGradient writes ḡ and ∂tr Σ over examples, at least two of them, into flat vectors [P] and returns tr Σ. It prepares passes for
// this one use: CompileTraceGradient is for many.
func (f *Objective) TraceGradient(examples []int, mean, slope kernels.Buffer) (float64, error) {
	t, err := f.CompileTraceGradient(max(1, len(examples)), mean, slope, nil)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	if err := t.Run(examples); err != nil {
		return 0, err
	}
	return t.Trace()
}

package objective

import (
	"drift/graph"
	"drift/kernels"
)

// Trace is ḡ and tr Σ over examples, at least two of them, from the deviations of the gradients from a reference (graph.Deviations).
type Trace struct {
	objective       *Objective
	mean            kernels.Buffer
	end             TraceFinish    // nil to leave ḡ as it is
	whole, chunked  *Pass          // of examples that fit one chunk, and of more; nil before they are needed
	reference       *Reference     // of chunked
	shift           kernels.Buffer // r̄ [P] of chunked
	squares, center Number         // Σ_n ‖r_n‖² and ‖m‖² of chunked
	trace           Number
	counts          *Scalar // of chunked: 1, or 0 where tr Σ is rounding noise
	last            *Pass
}

// TraceFinish makes of ḡ [P] and tr Σ [1] what is written in the place of ḡ, [P].
type TraceFinish func(e *End, mean, trace *graph.Node) *graph.Node

// CompileTrace prepares runs over n examples that write ḡ, or what end makes of it, into a flat vector [P]. end may be nil.
func (f *Objective) CompileTrace(n int, mean kernels.Buffer, end TraceFinish) (*Trace, error) {
	t := &Trace{objective: f, mean: mean, end: end}
	if _, err := t.pass(n); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// pass is that for n examples.
func (t *Trace) pass(n int) (p *Pass, err error) {
	if t.objective.AtOnce(n) {
		if t.whole == nil {
			t.whole, err = t.objective.Compile(n, t.atOnce, t.finish())
		}
		return t.whole, err
	}
	if t.chunked == nil {
		if t.reference == nil {
			if t.reference, err = t.objective.NewReference(); err != nil {
				return nil, err
			}
		}
		if t.shift == nil {
			if t.shift, err = t.objective.NewVector(); err != nil {
				return nil, err
			}
		}
		if t.counts == nil {
			if t.counts, err = t.objective.NewScalar(); err != nil {
				return nil, err
			}
		}
		t.chunked, err = t.objective.Compile(n, t.part, t.complete)
	}
	return t.chunked, err
}

// atOnce is everything from one chunk.
func (t *Trace) atOnce(b *Batch) {
	sigma := graph.NewCovariance(b.Here().PerExample())
	b.Measure(b.Here())
	b.Number(&t.trace, sigma.Trace())
	b.Sum(t.mean, sigma.Mean())
}

func (t *Trace) finish() Finish {
	if t.end == nil {
		return nil
	}
	return func(e *End) { e.Set(e.Flat(t.mean), t.end(e, e.Flat(t.mean), e.Value(&t.trace))) }
}

// part adds up what complete needs.
func (t *Trace) part(b *Batch) {
	rest := b.Deviations(t.reference, b.Here())
	b.Measure(b.Here())
	b.Number(&t.squares, graph.SumAll(rest.SquaredNorms()))
	center := rest.CenterNorm()
	if !b.Leads {
		center = graph.Fill(center, 0)
	}
	b.Number(&t.center, center)
	b.Sum(t.shift, Times(rest.Sum(), b.Mean))
}

func (t *Trace) complete(e *End) {
	shift := e.Flat(t.shift)
	mean := graph.Add(shift, e.Flat(t.reference.Center))
	trace, counts := graph.CovarianceTrace(e.Value(&t.squares), graph.SquaredNorm([]*graph.Node{shift}), e.Value(&t.center), e.Mean, e.CovarianceWeight)
	e.Number(&t.trace, trace)
	e.Set(e.Scalar(t.counts), counts)
	if t.end != nil {
		mean = t.end(e, mean, trace)
	}
	e.Set(e.Flat(t.mean), mean)
}

// Run leaves ḡ, or what end made of it, in its vector.
func (t *Trace) Run(examples []int) (err error) {
	if t.last, err = t.pass(max(1, len(examples))); err != nil {
		return err
	}
	return t.last.Run(examples)
}

// Measured is the loss and accuracy of the last run.
func (t *Trace) Measured() Measured { return Measured{t.last} }

// Trace is tr Σ of the last run, 0 where it is rounding noise (graph.CovarianceTrace). It waits for the device.
func (t *Trace) Trace() (float64, error) {
	err := t.last.Numbers()
	return t.trace.Value, err
}

// Close gives the memory of the passes back. The vector stays the caller's.
func (t *Trace) Close() {
	if t != nil {
		t.whole.Close()
		t.chunked.Close()
		t.reference.Close()
		t.counts.Close()
		Free(t.shift)
	}
}

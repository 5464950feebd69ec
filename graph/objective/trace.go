package objective

import (
	"drift/graph"
	"drift/kernels"
)

// TraceGradient is ḡ, tr Σ and ∂tr Σ over examples, at least two of them. Examples that fit one chunk take one sweep; more take a
// pass for ḡ and another one for Σ_n h_n (g_n − ḡ).
type TraceGradient struct {
	objective      *Objective
	mean, slope    kernels.Buffer
	end            Finish
	sweep          *Pass // nil before it is needed, as the other two
	first, second  *Pass
	squares, inner Number // Σ_n ‖g_n‖² and ‖ḡ‖²
	last           *Pass  // the one that found the numbers
	measured       Measured
	examples       int
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
	if n <= f.chunk {
		if t.sweep == nil {
			t.sweep, err = f.Compile(n, t.atOnce, t.end)
		}
		return err
	}
	if t.first == nil {
		if t.first, err = f.CompileGradient(n, t.mean); err != nil {
			return err
		}
	}
	if t.second == nil {
		t.second, err = f.Compile(n, t.centred, t.end)
	}
	return err
}

// atOnce is everything from one chunk.
func (t *TraceGradient) atOnce(b *Batch) {
	sigma := graph.NewCovariance(b.Here().PerExample())
	b.Measure(b.Here())
	b.Number(&t.squares, graph.SumAll(sigma.SquaredNorms()))
	b.Number(&t.inner, graph.SquaredNorm(sigma.Mean()))
	b.Sum(t.mean, sigma.Mean())
	b.Sum(t.slope, sigma.TraceGradient(b.Params))
}

// centred is what one of several chunks contributes, once ḡ is known.
func (t *TraceGradient) centred(b *Batch) {
	p, m := b.Here().PerExample(), b.Vector(t.mean)
	b.Number(&t.squares, graph.SumAll(p.SquaredNorms()))
	inner := graph.SquaredNorm(m)
	if !b.First {
		inner = graph.Fill(inner, 0)
	}
	b.Number(&t.inner, inner)
	b.Sum(t.slope, p.CenteredGradient(m, graph.Scale(b.Spread, 2), b.Params))
}

// Run leaves ḡ and ∂tr Σ in their vectors.
func (t *TraceGradient) Run(examples []int) error {
	if err := t.prepare(len(examples)); err != nil {
		return err
	}
	t.examples = len(examples)
	if len(examples) <= t.objective.chunk {
		t.last, t.measured = t.sweep, t.sweep.Measured()
		return t.sweep.Run(examples)
	}
	t.last, t.measured = t.second, t.first.Measured()
	if err := t.first.Run(examples); err != nil {
		return err
	}
	return t.second.Run(examples)
}

// Measured is the loss and accuracy of the last run.
func (t *TraceGradient) Measured() Measured { return t.measured }

// Trace is tr Σ of the last run. It waits for the device.
func (t *TraceGradient) Trace() (float64, error) {
	err := t.last.Numbers()
	return trace(t.squares.Value, t.inner.Value, t.examples), err
}

// trace is (Σ‖g_n‖² − N‖ḡ‖²)/(N−1).
func trace(squares, inner float64, n int) float64 { return (squares - float64(n)*inner) / float64(n-1) }

// Close gives the memory of the passes back. The vectors stay the caller's.
func (t *TraceGradient) Close() {
	if t != nil {
		for _, p := range []*Pass{t.sweep, t.first, t.second} {
			p.Close()
		}
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

// Trace is ḡ and tr Σ over examples, at least two of them.
type Trace struct {
	*Pass
	squares, trace Number // Σ_n ‖g_n‖² and tr Σ
}

// CompileTrace prepares runs over n examples that write ḡ into a flat vector [P]. end, which gets tr Σ [1], may be nil.
func (f *Objective) CompileTrace(n int, mean kernels.Buffer, end func(e *End, trace *graph.Node)) (*Trace, error) {
	t := &Trace{}
	var err error
	t.Pass, err = f.Compile(n, func(b *Batch) {
		b.Measure(b.Here())
		b.Number(&t.squares, graph.SumAll(b.Here().PerExample().SquaredNorms()))
		b.Sum(mean, b.Gradient(b.Here()))
	}, func(e *End) {
		g := e.Flat(mean)
		spread := graph.Sub(e.Value(&t.squares), graph.Div(graph.SquaredNorm([]*graph.Node{g}), e.Mean))
		trace := graph.Mul(spread, e.Spread)
		e.Number(&t.trace, trace)
		if end != nil {
			end(e, trace)
		}
	})
	return t, err
}

// Trace is tr Σ of the last run. It waits for the device.
func (t *Trace) Trace() (float64, error) {
	err := t.Numbers()
	return t.trace.Value, err
}

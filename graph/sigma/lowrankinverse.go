package sigma

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// LowRank says what a LowRankInverse knows of Σ.
type LowRank struct {
	Rank    int     // leading eigenpairs k
	Refresh int     // steps from one refresh to the next
	Window  int     // examples whose gradients are kept
	Average float64 // β: a refresh replaces 1−β of them, rounded to one part of a whole number
	Seed    uint64  // of the choice of examples from batches
}

// Window is the number of gradients to keep that serves batches of n examples: a quarter of them, as long as that is
// enough for some eigenpairs and not more than these need.
func Window(batch int) int { return max(min(batch/4, 1024), min(batch, 64)) }

// slots is the number of parts of which a refresh replaces one.
func (r LowRank) slots() int { return max(1, int(math.Round(1/(1-r.Average)))) }

// Check reports what cannot be for a model of p parameters.
func (r LowRank) Check(p int) error {
	switch {
	case r.Rank < 1 || r.Rank >= p || r.Refresh < 1:
		return fmt.Errorf("the %d leading eigenpairs refreshed every %d steps: give a rank of 1 to %d and at least every step", r.Rank, r.Refresh, p-1)
	case !(r.Average >= 0 && r.Average < 1):
		return fmt.Errorf("running average %v: give a number from 0 up to, not including, 1", r.Average)
	case r.Window < 2*r.slots():
		return fmt.Errorf("a window of %d gradients with a running average of %v: give a window of at least %d", r.Window, r.Average, 2*r.slots())
	}
	return nil
}

// LowRankInverse approximates Σ by Σ_i λ_i u_i u_iᵀ over its k leading pairs plus ρ on the rest of the space, with the ρ that keeps
// its trace: (Σ+δI)⁻¹ḡ = ḡ/(ρ+δ) + Σ_i [1/(λ_i+δ) − 1/(ρ+δ)] ⟨u_i, ḡ⟩ u_i.
//
// The Σ of which these are the pairs is that of a window of kept gradients G in factored form, some of which are replaced by some of the
// batch at hand every n steps. Eigenvectors are never formed: u_i = Gᵀc_i with c_i in the space of the window's examples, so that a
// solution takes G ḡ and one combination Gᵀw. ḡ is always the batch's.
type LowRankInverse struct {
	f            *objective.Objective
	r            LowRank
	window       *window
	mean         kernels.Buffer  // ḡ [P]
	gradient     *objective.Pass // finds ḡ
	coefficients kernels.Buffer  // c_i [k, window]
	weights      kernels.Buffer  // [k+1] the bracket for each i, then 1/(ρ+δ)
	program      *graph.Program
	into         kernels.Buffer // of the program
	descent      kernels.Buffer // ⟨ḡ, x⟩ of the program

	values []float64 // λ_i
	trace  float64   // tr Σ
	age    int       // steps since the last refresh; 0: there was none
	report Report

	condition float64 // of the last Σ+δI
}

var _ Inverse = (*LowRankInverse)(nil)

// NewLowRankInverse prepares solutions over batches of an objective's training data.
func NewLowRankInverse(f *objective.Objective, r LowRank) (*LowRankInverse, error) {
	p := f.NumParams()
	if err := r.Check(p); err != nil {
		return nil, err
	}
	slots := r.slots()
	l := &LowRankInverse{f: f, r: r, values: make([]float64, r.Rank)}
	var err error
	if l.window, err = newWindow(f, r.Window/slots*slots, slots, r.Seed); err != nil {
		return nil, err
	}
	for b, n := range map[*kernels.Buffer]int{&l.mean: p, &l.coefficients: r.Rank * l.window.n, &l.weights: r.Rank + 1} {
		if *b, err = f.Device().NewBuffer(f.DType(), n); err != nil {
			l.Close()
			return nil, fmt.Errorf("memory for %d eigenpairs of Σ: %w", r.Rank, err)
		}
	}
	return l, nil
}

func (l *LowRankInverse) Solve(batch []int, d Damping, into kernels.Buffer) (measured objective.Measured, err error) {
	if l.age == 0 || l.age >= l.r.Refresh {
		if err := l.refresh(batch); err != nil {
			return measured, err
		}
		l.age = 0
	}
	l.age++
	if l.gradient == nil {
		if l.gradient, err = l.f.CompileGradient(len(batch), l.mean); err != nil {
			return measured, err
		}
	}
	measured = l.gradient.Measured()
	if err := l.gradient.Run(batch); err != nil {
		return measured, err
	}
	if err := l.compile(into); err != nil {
		return measured, err
	}
	rest := Resolved(l.trace-floats.Sum(l.values), l.trace, l.f.DType()) / float64(l.mean.Len()-len(l.values))
	delta := d.Delta(l.trace, l.mean.Len())
	if err := invertible(rest+delta, l.trace); err != nil {
		return measured, err
	}
	weights := make([]float64, len(l.values)+1)
	for i, value := range l.values {
		weights[i] = 1/(value+delta) - 1/(rest+delta)
	}
	weights[len(l.values)] = 1 / (rest + delta)
	l.report, l.condition = Report{Trace: l.trace, Delta: delta}, (l.values[0]+delta)/(rest+delta)
	if err := l.weights.Write(weights); err != nil {
		return measured, err
	}
	return measured, l.program.Run()
}

// refresh takes gradients of a batch into the window and finds its pairs.
func (l *LowRankInverse) refresh(batch []int) error {
	if err := l.window.refresh(batch); err != nil {
		return err
	}
	values, vectors, err := l.window.leading(len(l.values))
	if err != nil {
		return err
	}
	for i, c := range vectors {
		if err := l.coefficients.Slice(i*len(c), (i+1)*len(c)).Write(c); err != nil {
			return err
		}
	}
	l.values, l.trace = values, l.window.trace()
	return nil
}

// compile makes the program from ḡ to the solution.
func (l *LowRankInverse) compile(into kernels.Buffer) error {
	if l.program != nil && l.into == into {
		return nil
	}
	w, k := l.window, len(l.values)
	var descent *graph.Node
	program, err := w.compile(func(b *objective.Builder, gradients *graph.PerExample) {
		mean, c := b.Vector(l.mean), b.Leaf(l.coefficients, k, w.n)
		weights := b.Leaf(l.weights, k+1)
		along := graph.MatMul(c, graph.Reshape(gradients.Dot(mean), w.n, 1)) // ⟨u_i, ḡ⟩
		brackets := graph.Reshape(graph.SliceAxis(weights, 0, 0, k), k, 1)
		rest := graph.SliceAxis(weights, 0, k, k+1)
		x := gradients.Combine(graph.Reshape(graph.MatMulT(c, graph.Mul(brackets, along), true, false), w.n))
		for i, m := range mean {
			x[i] = graph.Add(graph.Mul(graph.BroadcastScalar(rest, m.Shape()...), m), x[i])
		}
		descent = graph.Inner(mean, x)
		b.Output(descent)
		b.SetVector(b.Vector(into), x)
	})
	if err != nil {
		return fmt.Errorf("preparing %d eigenpairs of Σ: %w", k, err)
	}
	if l.program != nil {
		l.program.Close()
	}
	l.program, l.into, l.descent = program, into, program.Buffer(descent)
	return nil
}

func (l *LowRankInverse) Report() (Report, error) {
	if l.descent == nil {
		return l.report, nil
	}
	var descent [1]float64
	err := l.descent.Read(descent[:])
	l.report.Descent = descent[0]
	return l.report, err
}

// Condition is exact, of Σ by its leading pairs and ρ.
func (l *LowRankInverse) Condition() (float64, error) { return l.condition, nil }

// Cost counts two thirds of a gradient for each example of the window at every step, and at a refresh as much for the new ones and
// again for what the search begins with, and a gradient of each example for the Gram matrix.
func (l *LowRankInverse) Cost(n int) float64 {
	window := float64(l.window.n)
	return float64(n) + window*2/3 + (2./3*window/float64(len(l.window.counts))+2./3*window+window)/float64(l.r.Refresh)
}

func (l *LowRankInverse) State(s objective.State) {
	age := float64(l.age)
	s.Numbers("low rank", &age, &l.trace)
	l.age = int(age)
	s.Host("low rank values", l.values)
	s.Vector("low rank vectors", l.coefficients)
	l.window.state(s)
}

// WorkBytes is the device's memory that the window and its programs hold, besides the objective's own.
func (l *LowRankInverse) WorkBytes() int64 {
	sum := l.window.bytes()
	if l.program != nil {
		sum += l.program.Bytes()
	}
	return sum
}

func (l *LowRankInverse) Close() {
	if l.program != nil {
		l.program.Close()
	}
	l.window.close()
	l.gradient.Close()
	objective.Free(l.mean, l.coefficients, l.weights)
}

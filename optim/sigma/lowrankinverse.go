package sigma

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/graph"
	"drift/kernels"
	"drift/optim/checkpoint"
	"drift/optim/objective"
)

// LowRankInverse takes Σ for Σ_i λ_i u_i u_iᵀ over its k leading pairs plus ρ on the rest of the space, with the ρ that keeps
// its trace: (Σ+δI)⁻¹ḡ = ḡ/(ρ+δ) + Σ_i [1/(λ_i+δ) − 1/(ρ+δ)] ⟨u_i, ḡ⟩ u_i. The pairs are those of the batch at hand when they
// are refreshed, every so many steps; ḡ is always the batch's.
type LowRankInverse struct {
	f       *objective.Objective
	every   int
	mean    kernels.Buffer // ḡ [P]
	basis   kernels.Buffer // u_i [k·P]
	weights kernels.Buffer // [k+1] the bracket for each i, then 1/(ρ+δ)
	program *graph.Program
	into    kernels.Buffer // of the program
	descent kernels.Buffer // ⟨ḡ, x⟩ of the program

	gradients *Gradients
	values    []float64 // λ_i
	trace     float64   // tr Σ
	age       int       // steps since the pairs were refreshed; 0: there are none
	report    Report
}

var _ Inverse = (*LowRankInverse)(nil)

// NewLowRankInverse prepares solutions with so many pairs, refreshed every so many steps.
func NewLowRankInverse(f *objective.Objective, rank, every int) (*LowRankInverse, error) {
	p := f.Model.NumParams
	if rank < 1 || rank >= p || every < 1 {
		return nil, fmt.Errorf("the %d leading eigenpairs refreshed every %d steps: give a rank of 1 to %d and at least every step", rank, every, p-1)
	}
	l := &LowRankInverse{f: f, every: every, values: make([]float64, rank)}
	var err error
	if l.gradients, err = newKeeping(f); err != nil {
		return nil, err
	}
	for b, n := range map[*kernels.Buffer]int{&l.mean: p, &l.basis: rank * p, &l.weights: rank + 1} {
		if *b, err = f.Device().NewBuffer(f.DType(), n); err != nil {
			l.Close()
			return nil, fmt.Errorf("memory for %d eigenvectors of Σ: %w", rank, err)
		}
	}
	return l, nil
}

func (l *LowRankInverse) Solve(batch []int, d Damping, into kernels.Buffer) error {
	if l.age == 0 || l.age >= l.every {
		if err := l.refresh(batch); err != nil {
			return err
		}
		l.age = 0
	}
	l.age++
	if err := l.f.Gradient(batch, l.mean); err != nil {
		return err
	}
	if err := l.compile(into); err != nil {
		return err
	}
	rest := math.Max(0, l.trace-floats.Sum(l.values)) / float64(l.mean.Len()-len(l.values))
	delta := d.Delta(l.trace, l.mean.Len())
	if !(rest+delta > 0) {
		return fmt.Errorf("damping δ = %v with tr Σ = %v: it must be above 0 for Σ+δI to have an inverse", delta, l.trace)
	}
	weights := make([]float64, len(l.values)+1)
	for i, value := range l.values {
		weights[i] = 1/(value+delta) - 1/(rest+delta)
	}
	weights[len(l.values)] = 1 / (rest + delta)
	l.report = Report{Trace: l.trace, Delta: delta, Condition: (l.values[0] + delta) / (rest + delta)}
	if err := l.weights.Write(weights); err != nil {
		return err
	}
	return l.program.Run()
}

// refresh finds the pairs of a batch. Where it has fewer than k, the others are null vectors that change nothing.
func (l *LowRankInverse) refresh(batch []int) error {
	if err := l.gradients.Reset(batch); err != nil {
		return err
	}
	s, trace, err := l.gradients.leading(len(l.values), Search{Tolerance: 1e-3})
	if err != nil {
		return err
	}
	copy(l.values, s.Values)
	l.trace = trace
	c := make([][]float64, len(l.values))
	for k := range c {
		c[k] = s.coefficients(k)
	}
	return l.gradients.Recombine(c, l.basis)
}

// compile makes the program from ḡ to the solution.
func (l *LowRankInverse) compile(into kernels.Buffer) error {
	if l.program != nil && l.into == into {
		return nil
	}
	g, dt, p, k := graph.New(), l.f.DType(), l.mean.Len(), len(l.values)
	mean, basis := graph.Input(g, dt, "mean", p), graph.Input(g, dt, "basis", k, p)
	weights, x := graph.Input(g, dt, "weights", k+1), graph.Input(g, dt, "solution", p)
	along := graph.MatMul(basis, graph.Reshape(mean, p, 1))
	brackets := graph.Reshape(graph.SliceAxis(weights, 0, 0, k), k, 1)
	correction := graph.Reshape(graph.MatMulT(basis, graph.Mul(brackets, along), true, false), p)
	rest := graph.BroadcastScalar(graph.SliceAxis(weights, 0, k, k+1), p)
	solution := graph.Add(graph.Mul(rest, mean), correction)
	descent := graph.Inner([]*graph.Node{mean}, []*graph.Node{solution})
	program, err := graph.Compile(l.f.Device(), []*graph.Node{descent}, []graph.Update{{Leaf: x, Value: solution}},
		map[*graph.Node]kernels.Buffer{mean: l.mean, basis: l.basis, weights: l.weights, x: into})
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

// Cost counts a Gram matrix and two sweeps as three gradients, and each eigenvector as a third of one, at a refresh.
func (l *LowRankInverse) Cost(n int) float64 {
	return float64(n) * (1 + (3+float64(len(l.values))/3)/float64(l.every))
}

func (l *LowRankInverse) Save(into checkpoint.Vectors) error {
	into["low rank"] = append([]float64{float64(l.age), l.trace}, l.values...)
	return into.Put("low rank basis", l.basis)
}

func (l *LowRankInverse) Restore(from checkpoint.Vectors) error {
	numbers, err := from.Numbers("low rank", 2+len(l.values))
	if err != nil {
		return err
	}
	l.age, l.trace = int(numbers[0]), numbers[1]
	copy(l.values, numbers[2:])
	return from.Take("low rank basis", l.basis)
}

func (l *LowRankInverse) Close() {
	if l.program != nil {
		l.program.Close()
	}
	l.gradients.Close()
	for _, b := range []kernels.Buffer{l.mean, l.basis, l.weights} {
		l.f.Release(b)
	}
}

package sigma

import (
	"fmt"
	"math"

	"drift/graph"
	"drift/kernels"
	"drift/optim/checkpoint"
	"drift/optim/objective"
)

// DiagonalInverse is (diag Σ+δI)⁻¹ḡ, diag Σ being that of the batch or, with Average β > 0, the running mean
// s ← βs + (1−β) diag Σ, divided by 1−βᵗ after t batches.
type DiagonalInverse struct {
	f             *objective.Objective
	average       float64
	mean, squares kernels.Buffer // ḡ and Σ_n g_n²/(N−1) [P]
	running       kernels.Buffer // s [P]
	numbers       kernels.Buffer // what the program reads, see below
	out           kernels.Buffer // what Report reads
	program       *graph.Program
	into          kernels.Buffer // of the program
	batches       float64        // t
	correction    float64        // 1 − βᵗ
}

var _ Inverse = (*DiagonalInverse)(nil)

// Elements of numbers.
const (
	numberShare    = iota // N/(N−1)
	numberKeep            // β
	numberScale           // 1/(1−βᵗ)
	numberAbsolute        // damping, absolute
	numberRelative        // damping in units of tr Σ/P
	numberCount
)

// NewDiagonalInverse prepares solutions over batches of an objective's training data.
func NewDiagonalInverse(f *objective.Objective, average float64) (*DiagonalInverse, error) {
	d := &DiagonalInverse{f: f, average: average, correction: 1}
	p := f.Model.NumParams
	for b, n := range map[*kernels.Buffer]int{&d.mean: p, &d.squares: p, &d.running: p, &d.numbers: numberCount} {
		var err error
		if *b, err = f.Device().NewBuffer(f.DType(), n); err != nil {
			d.Close()
			return nil, fmt.Errorf("memory for diag Σ: %w", err)
		}
	}
	return d, nil
}

func (d *DiagonalInverse) Solve(batch []int, damping Damping, into kernels.Buffer) error {
	n := float64(len(batch))
	if n < 2 {
		return fmt.Errorf("Σ of %v gradients: it takes batches of at least 2 examples", n)
	}
	if err := d.moments(batch); err != nil {
		return err
	}
	if err := d.compile(into); err != nil {
		return err
	}
	d.batches++
	d.correction = 1 - math.Pow(d.average, d.batches)
	numbers := [numberCount]float64{numberShare: n / (n - 1), numberKeep: d.average, numberScale: 1 / d.correction}
	numbers[numberAbsolute] = damping.Value
	if damping.Relative {
		numbers[numberAbsolute], numbers[numberRelative] = 0, damping.Value
	}
	if err := d.numbers.Write(numbers[:]); err != nil {
		return err
	}
	return d.program.Run()
}

// moments finds ḡ and Σ_n g_n²/(N−1) in one pass.
func (d *DiagonalInverse) moments(batch []int) error {
	return d.f.Pass("mean and squares", objective.Train, batch, []kernels.Buffer{d.mean, d.squares}, func(b *objective.Batch) {
		b.Measure()
		p := b.PerExample()
		b.Sum(d.mean, weighted(p.Sum(), b.Mean))
		b.Sum(d.squares, weighted(p.Squares(), b.Spread))
	}, nil)
}

// weighted multiplies nodes by a scalar node.
func weighted(nodes []*graph.Node, by *graph.Node) []*graph.Node {
	all := make([]*graph.Node, len(nodes))
	for k, n := range nodes {
		all[k] = graph.Mul(n, graph.BroadcastScalar(by, n.Shape()...))
	}
	return all
}

// compile makes the program from the moments to the solution.
func (d *DiagonalInverse) compile(into kernels.Buffer) error {
	if d.program != nil && d.into == into {
		return nil
	}
	g, dt, p := graph.New(), d.f.DType(), d.f.Model.NumParams
	bind := map[*graph.Node]kernels.Buffer{}
	leaf := func(name string, b kernels.Buffer) *graph.Node {
		n := graph.Input(g, dt, name, b.Len())
		bind[n] = b
		return n
	}
	mean, squares, running, x := leaf("mean", d.mean), leaf("squares", d.squares), leaf("running", d.running), leaf("solution", into)
	numbers := leaf("numbers", d.numbers)
	number := func(k int) *graph.Node { return graph.SliceAxis(numbers, 0, k, k+1) }
	wide := func(s *graph.Node) *graph.Node { return graph.BroadcastScalar(s, p) }
	diagonal := graph.Relu(graph.Sub(squares, graph.Mul(graph.Square(mean), wide(number(numberShare)))))
	next := graph.Add(graph.Mul(wide(number(numberKeep)), graph.Sub(running, diagonal)), diagonal)
	estimate := graph.Mul(next, wide(number(numberScale)))
	trace := graph.SumAll(estimate)
	delta := graph.Add(number(numberAbsolute), graph.Scale(graph.Mul(number(numberRelative), trace), 1/float64(p)))
	solution := graph.Div(mean, graph.Add(estimate, wide(delta)))
	out := graph.Concat(0, trace, delta, graph.Inner([]*graph.Node{mean}, []*graph.Node{solution}))
	program, err := graph.Compile(d.f.Device(), []*graph.Node{out}, []graph.Update{{Leaf: running, Value: next}, {Leaf: x, Value: solution}}, bind)
	if err != nil {
		return fmt.Errorf("preparing diag Σ: %w", err)
	}
	if d.program != nil {
		d.program.Close()
	}
	d.program, d.into, d.out = program, into, program.Buffer(out)
	return nil
}

func (d *DiagonalInverse) Report() (Report, error) {
	if d.out == nil {
		return Report{}, nil
	}
	var out [3]float64
	if err := d.out.Read(out[:]); err != nil {
		return Report{}, err
	}
	largest, err := d.largest()
	return Report{Trace: out[0], Delta: out[1], Descent: out[2], Condition: (largest + out[1]) / out[1]}, err
}

// largest is the largest element of the diagonal.
func (d *DiagonalInverse) largest() (float64, error) {
	s := make([]float64, d.running.Len())
	if err := d.running.Read(s); err != nil {
		return 0, err
	}
	top := 0.0
	for _, x := range s {
		top = max(top, x/d.correction)
	}
	return top, nil
}

// Cost counts the squares of the gradients beside the gradient itself as a third of one.
func (d *DiagonalInverse) Cost(n int) float64 { return 4. / 3 * float64(n) }

func (d *DiagonalInverse) Save(into checkpoint.Vectors) error {
	if d.average == 0 {
		return nil
	}
	into["diagonal batches"] = []float64{d.batches}
	return into.Put("diagonal", d.running)
}

func (d *DiagonalInverse) Restore(from checkpoint.Vectors) error {
	if d.average == 0 {
		return nil
	}
	batches, err := from.Numbers("diagonal batches", 1)
	if err != nil {
		return err
	}
	d.batches = batches[0]
	return from.Take("diagonal", d.running)
}

func (d *DiagonalInverse) Close() {
	if d.program != nil {
		d.program.Close()
	}
	for _, b := range []kernels.Buffer{d.mean, d.squares, d.running, d.numbers} {
		d.f.Release(b)
	}
}

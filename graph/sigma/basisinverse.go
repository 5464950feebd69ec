package sigma

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// BasisInverse approximates Σ by B diag(s) Bᵀ, with an orthogonal B and s the diagonal of BᵀΣB: (Σ+δI)⁻¹ḡ = B (Bᵀḡ)/(s+δ). B is the
// identity, or has Kronecker form in each weight. s is that of the batch or, with a running mean's β > 0, the mean
// over the batches in the same basis with weights that fall by β from each to the one before.
type BasisInverse struct {
	f              *objective.Objective
	average        float64
	bases          *bases               // nil for the identity
	reference      *objective.Reference // of shift and squares
	shift, squares kernels.Buffer       // r̄, and diag of Bᵀ(Σ_n r_n r_nᵀ)B/(N−1) [P]
	running        kernels.Buffer       // s [P]
	numbers        kernels.Buffer       // what the program reads, see below
	pass           *objective.Pass      // finds mean and squares
	program        *graph.Program
	into           kernels.Buffer // of the program
	out            kernels.Buffer // of the program: tr Σ, δ and ⟨ḡ, x⟩
	batches        float64        // t
}

var _ Inverse = (*BasisInverse)(nil)

// Elements of numbers.
const (
	numberShare    = iota // N/(N−1)
	numberKeep            // of s in the new s
	numberAbsolute        // damping, absolute
	numberRelative        // damping in units of tr Σ/P
	numberCount
)

// NewDiagonalInverse approximates Σ by its diagonal, a running mean with weight β.
func NewDiagonalInverse(f *objective.Objective, average float64) (*BasisInverse, error) {
	return newBasisInverse(f, average, nil)
}

// NewKroneckerInverse is EKFAC (George, Laurent, Bouthillier, Ballas and Vincent 2018) for Σ: layer by layer Σ is approximated by a
// diagonal in the eigenbasis of its Kronecker factors. The bases are found anew every given number of steps; factors and diagonal are running means
// with weight β.
//
// Where every is above 1, later batches are seen in the space where a factor vanishes, as one of fewer gradients than it has rows does: see
// Eigenbasis. Of factors wider than allVectors the leading eigenvectors are found to 10⁻³.
func NewKroneckerInverse(f *objective.Objective, average float64, every int) (*BasisInverse, error) {
	b, err := newBases(f, average, every)
	if err != nil {
		return nil, err
	}
	return newBasisInverse(f, average, b)
}

func newBasisInverse(f *objective.Objective, average float64, b *bases) (*BasisInverse, error) {
	d := &BasisInverse{f: f, average: average, bases: b}
	p := f.NumParams()
	for buffer, n := range map[*kernels.Buffer]int{&d.shift: p, &d.squares: p, &d.running: p, &d.numbers: numberCount} {
		var err error
		if *buffer, err = f.Device().NewBuffer(f.DType(), n); err != nil {
			d.Close()
			return nil, fmt.Errorf("memory for a diagonal of Σ: %w", err)
		}
	}
	var err error
	if d.reference, err = f.NewReference(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *BasisInverse) Solve(batch []int, damping Damping, into kernels.Buffer) (measured objective.Measured, err error) {
	n := float64(len(batch))
	if n < 2 {
		return measured, fmt.Errorf("covariance of %v gradients: it takes batches of at least 2 examples", n)
	}
	if d.bases != nil {
		fresh, err := d.bases.step(batch)
		if err != nil {
			return measured, err
		}
		if fresh { // what was averaged is a diagonal in another basis
			d.batches = 0
		}
	}
	if measured, err = d.moments(batch); err != nil {
		return measured, err
	}
	if err := d.compile(into); err != nil {
		return measured, err
	}
	d.batches++
	numbers := [numberCount]float64{numberShare: n / (n - 1), numberKeep: keep(d.average, d.batches)}
	numbers[numberAbsolute] = damping.Value
	if damping.Relative {
		numbers[numberAbsolute], numbers[numberRelative] = 0, damping.Value
	}
	if err := d.numbers.Write(numbers[:]); err != nil {
		return measured, err
	}
	if err := d.program.Run(); err != nil || !damping.Relative {
		return measured, err
	}
	r, err := d.Report() // there is no solution where Σ and with it the damping vanishes
	if err == nil {
		err = invertible(r.Delta, r.Trace)
	}
	return measured, err
}

// keep is (β−βᵗ)/(1−βᵗ): the weight of the mean over t−1 batches in that over t.
func keep(average, t float64) float64 {
	power := math.Pow(average, t)
	return (average - power) / (1 - power)
}

// moments finds r̄ and the squares of the deviations in the basis in one pass.
func (d *BasisInverse) moments(batch []int) (measured objective.Measured, err error) {
	if d.pass == nil {
		if d.pass, err = d.f.Compile(len(batch), d.squared, nil); err != nil {
			return measured, fmt.Errorf("preparing a diagonal of Σ: %w", err)
		}
	}
	return d.pass.Measured(), d.pass.Run(batch)
}

// squared adds the moments of a chunk.
func (d *BasisInverse) squared(b *objective.Batch) {
	b.Measure(b.Here())
	rest := b.Deviations(d.reference, b.Here())
	b.Sum(d.shift, objective.Times(rest.Sum(), b.Mean))
	squares := rest.Squares()
	if d.bases != nil {
		d.bases.squares(b, rest, squares)
	}
	b.Sum(d.squares, objective.Times(squares, b.CovarianceWeight))
}

func (d *BasisInverse) Report() (Report, error) {
	if d.out == nil {
		return Report{}, nil
	}
	var out [3]float64
	if err := d.out.Read(out[:]); err != nil {
		return Report{}, err
	}
	return Report{Trace: out[0], Delta: out[1], Descent: out[2]}, nil
}

// Condition is exact, of Σ diagonal in its basis.
func (d *BasisInverse) Condition() (float64, error) {
	r, err := d.Report()
	if err != nil || d.out == nil {
		return 0, err
	}
	s := make([]float64, d.running.Len())
	if err := d.running.Read(s); err != nil {
		return 0, err
	}
	return (floats.Max(s) + r.Delta) / (floats.Min(s) + r.Delta), nil
}

// Cost counts the squares of the gradients as a third of a gradient, and rotating them as two thirds.
func (d *BasisInverse) Cost(n int) float64 {
	if d.bases != nil {
		return (2 + 1/float64(d.bases.every)) * float64(n)
	}
	return 4. / 3 * float64(n)
}

func (d *BasisInverse) State(s objective.State) {
	s.Numbers("diagonal batches", &d.batches)
	s.Vector("diagonal", d.running)
	if d.bases != nil {
		d.bases.state(s)
	}
}

func (d *BasisInverse) Close() {
	if d.program != nil {
		d.program.Close()
	}
	if d.bases != nil {
		d.bases.close()
	}
	d.pass.Close()
	d.reference.Close()
	objective.Free(d.shift, d.squares, d.running, d.numbers)
}

package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"drift/graph"
	"drift/kernels"
)

// Factors of up to allVectors rows get all their eigenvectors. Of larger ones leadingVectors eigenvectors are found and completed to a basis.
const (
	allVectors     = 256
	leadingVectors = 32
)

// turn finds the bases of the running means, which take in the moments of n examples.
func (b *bases) turn(n float64) error {
	moments := make([]float64, b.moments.Len())
	if err := b.moments.Read(moments); err != nil {
		return err
	}
	b.batches++
	kept := keep(b.average, b.batches)
	axes := make([]float64, b.axes.Len())
	for _, l := range b.layers {
		if l == nil {
			continue
		}
		count, middle := n*float64(l.positions), l.at+l.in*l.in
		for i := range l.out { // adjoints without their mean
			for j := range l.out {
				moments[middle+i*l.out+j] -= moments[l.sums+i] * moments[l.sums+j] / count
			}
		}
		for i := l.at; i < middle+l.out*l.out; i++ {
			b.factors[i] = kept*b.factors[i] + (1-kept)*moments[i]/count
		}
		for _, side := range []struct{ at, n int }{{l.at, l.in}, {middle, l.out}} {
			end, find := side.at+side.n*side.n, Eigenbasis
			if side.n > allVectors {
				find = leadingBasis
			}
			of, into := mat.NewSymDense(side.n, b.factors[side.at:end]), mat.NewDense(side.n, side.n, axes[side.at:end])
			if err := find(of, into); err != nil {
				return fmt.Errorf("basis of a Kronecker factor: %w", err)
			}
		}
	}
	return b.axes.Write(axes)
}

// leadingBasis writes some of the leading eigenvectors of a matrix [n,n] into the first columns of another, and then directions orthogonal to
// them.
func leadingBasis(of *mat.SymDense, into *mat.Dense) error {
	pairs, err := Leading(Dense{of}, leadingVectors, Search{Tolerance: 1e-3})
	if err != nil {
		return err
	}
	return write(pairs, roundoff(of), into)
}

// Eigenbasis writes the eigenvectors of a positive semidefinite matrix [n,n] into the columns of another, by falling eigenvalues. In the space
// where the matrix vanishes but for rounding, as a sum of fewer than n outer products does, every basis diagonalizes it: there the basis is
// one that depends on that space alone, and for a matrix that vanishes it is the identity. What float32 does not resolve counts as rounding in
// float64 too, so that both types find the same basis.
func Eigenbasis(of *mat.SymDense, into *mat.Dense) error {
	pairs, err := Solve(of, of.SymmetricDim())
	if err != nil {
		return err
	}
	return write(pairs, roundoff(of), into)
}

// roundoff bounds the norm of what rounding makes of a matrix: elements with errors of c√(A_ii A_jj) move eigenvalues by up to c tr A.
func roundoff(of *mat.SymDense) float64 {
	return graph.Roundings * graph.Unit(kernels.Float32) * mat.Trace(of)
}

// write makes a basis of the eigenvectors whose eigenvalues are above a bound.
func write(pairs []Pair, above float64, into *mat.Dense) error {
	count := 0
	for _, pair := range pairs {
		if pair.Value > above {
			into.SetCol(count, pair.Vector)
			count++
		}
	}
	return complete(into, count)
}

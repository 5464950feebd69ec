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
		count := n * float64(l.positions)
		for g := range l.groups {
			center(moments[l.middle()+g*l.out*l.out:], moments[l.sums+g*l.out:][:l.out], count)
		}
		for i := l.at; i < l.end(); i++ {
			b.factors[i] = kept*b.factors[i] + (1-kept)*moments[i]/count
		}
		err := b.find(axes, l.at, l.in, l.groups)
		if err == nil {
			err = b.find(axes, l.middle(), l.out, l.groups)
		}
		if err != nil {
			return fmt.Errorf("basis of a Kronecker factor: %w", err)
		}
	}
	return b.axes.Write(axes)
}

// center makes of Σ x xᵀ [n,n] and Σ x [n] of a number of vectors the sum of the squares of their deviations.
func center(moment, sums []float64, count float64) {
	for i, a := range sums {
		for j, b := range sums {
			moment[i*len(sums)+j] -= a * b / count
		}
	}
}

// find writes the bases of factors [n,n] that lie one behind the other from a place on.
func (b *bases) find(axes []float64, at, n, groups int) error {
	basis := Eigenbasis
	if n > allVectors {
		basis = leadingBasis
	}
	for ; groups > 0; groups-- {
		end := at + n*n
		if err := basis(mat.NewSymDense(n, b.factors[at:end]), mat.NewDense(n, n, axes[at:end])); err != nil {
			return err
		}
		at = end
	}
	return nil
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

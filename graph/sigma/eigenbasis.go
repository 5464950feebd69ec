package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
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
			end := side.at + side.n*side.n
			if err := eigenbasis(b.factors[side.at:end], side.n, axes[side.at:end]); err != nil {
				return err
			}
		}
	}
	return b.axes.Write(axes)
}

// eigenbasis writes the eigenvectors of a matrix [n,n] into the columns of another; where it is wide, some of the leading ones and
// then directions orthogonal to them.
func eigenbasis(of []float64, n int, into []float64) error {
	wanted := n
	var pairs []Pair
	var err error
	if m := mat.NewSymDense(n, of); n <= allVectors {
		pairs, err = Solve(m, n)
	} else {
		wanted = leadingVectors
		pairs, err = Leading(Dense{m}, wanted, Search{Tolerance: 1e-3})
	}
	if err != nil {
		return fmt.Errorf("basis of a Kronecker factor: %w", err)
	}
	leading := mat.NewDense(n, wanted, nil)
	for c, pair := range pairs {
		leading.SetCol(c, pair.Vector)
	}
	if wanted == n {
		copy(into, leading.RawMatrix().Data)
		return nil
	}
	var qr mat.QR
	qr.Factorize(leading)
	qr.QTo(mat.NewDense(n, n, into))
	return nil
}

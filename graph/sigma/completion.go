package sigma

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// complete turns the first r columns V of a square matrix, which are orthonormal, into a basis. What is added follows from the space that they span
// alone. Of the axes, r are taken out that are near to that space, I; each other one, J, gets a vector near to it: with V_I = U diag(s) Wᵀ
// and T = V_J W those vectors are
//
//	−U Tᵀ in the rows of I,  1 − T diag(1/(1+s)) Tᵀ in those of J.
func complete(basis *mat.Dense, r int) error {
	n, _ := basis.Dims()
	if r == n {
		return nil
	}
	if r == 0 {
		basis.Copy(mat.NewDiagDense(n, slices.Repeat([]float64{1}, n)))
		return nil
	}
	v := mat.DenseCopyOf(basis.Slice(0, n, 0, r))
	near, others := nearAxes(v)
	var svd mat.SVD
	if !svd.Factorize(rowsOf(v, near), mat.SVDFull) {
		return ErrNumerical{fmt.Errorf("singular values of a %d×%d matrix were not found", r, r)}
	}
	var u, w, t, scaled, added mat.Dense
	svd.UTo(&u)
	svd.VTo(&w)
	t.Mul(rowsOf(v, others), &w)
	scaled.CloneFrom(&t)
	for k, s := range svd.Values(nil) {
		column := scaled.ColView(k).(*mat.VecDense)
		column.ScaleVec(1/(1+s), column)
	}
	added.Mul(&u, t.T())
	for k, row := range near {
		floats.ScaleTo(basis.RawRowView(row)[r:], -1, added.RawRowView(k))
	}
	added.Reset()
	added.Mul(&scaled, t.T())
	for k, row := range others {
		floats.ScaleTo(basis.RawRowView(row)[r:], -1, added.RawRowView(k))
		basis.RawRowView(row)[r+k]++
	}
	return nil
}

// nearlyLargest is the share of the largest rest that is large enough in nearAxes. Where rests are equal or simple fractions of one another, as
// those of elements that are always the same, rounding does not decide then.
const nearlyLargest = 0.38196601125 // (3−√5)/2

// nearAxes chooses r axes near to the space that orthonormal columns v [n,r] span: each time the first one of whose projection nearly as
// much is left as of any, beside those of the axes so far. others are the rest; both are in order.
func nearAxes(v *mat.Dense) (near, others []int) {
	n, r := v.Dims()
	left := mat.DenseCopyOf(v)
	rest := make([]float64, n)
	for range r {
		for i := range n {
			rest[i] = floats.Dot(left.RawRowView(i), left.RawRowView(i))
		}
		enough := nearlyLargest * floats.Max(rest)
		first := slices.IndexFunc(rest, func(x float64) bool { return x >= enough })
		near = append(near, first)
		along := slices.Clone(left.RawRowView(first))
		floats.Scale(1/floats.Norm(along, 2), along)
		for i := range n {
			floats.AddScaled(left.RawRowView(i), -floats.Dot(left.RawRowView(i), along), along)
		}
		clear(left.RawRowView(first))
	}
	slices.Sort(near)
	for i := range n {
		if _, is := slices.BinarySearch(near, i); !is {
			others = append(others, i)
		}
	}
	return near, others
}

// rowsOf is some rows of a matrix.
func rowsOf(m *mat.Dense, rows []int) *mat.Dense {
	_, width := m.Dims()
	some := mat.NewDense(len(rows), width, nil)
	for k, row := range rows {
		some.SetRow(k, m.RawRowView(row))
	}
	return some
}

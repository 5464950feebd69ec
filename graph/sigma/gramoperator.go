package sigma

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// GramOperator is the operator on vectors of one element for each of N examples that has the nonzero eigenvalues of Σ:
// K/(N−1) with K = C G Gᵀ C and C = I − 11ᵀ/N.
type GramOperator struct{ *Gradients }

var _ Operator = GramOperator{}

// Dim is N.
func (a GramOperator) Dim() int { return len(a.examples) }

func (a GramOperator) Apply(into, from []float64) error {
	copy(into, from)
	centre(into)
	if err := a.through(into); err != nil {
		return err
	}
	if err := a.Dot(a.vector, into); err != nil {
		return err
	}
	centre(into)
	floats.Scale(1/float64(len(into)-1), into)
	return nil
}

// through takes coefficients to the room for products.
func (g *Gradients) through(c []float64) (err error) {
	if g.vector == nil {
		if g.vector, err = g.f.NewVector(); err != nil {
			return err
		}
	}
	_, err = g.Combine(c, g.vector)
	return err
}

// centre takes the mean off a vector.
func centre(x []float64) { floats.AddConst(-floats.Sum(x)/float64(len(x)), x) }

// Centre turns R Rᵀ into K = C R Rᵀ C = C G Gᵀ C in place and returns the means of its rows, R r̄.
func Centre(gram *mat.SymDense) []float64 {
	n, m := gram.SymmetricDim(), gram.RawSymmetric() // the upper triangle
	mean := make([]float64, n)
	for i := range n {
		row := m.Data[i*m.Stride+i : i*m.Stride+n]
		floats.Add(mean[i:], row)
		mean[i] += floats.Sum(row[1:])
	}
	floats.Scale(1/float64(n), mean)
	total := floats.Sum(mean) / float64(n)
	for i := range n {
		row := m.Data[i*m.Stride+i : i*m.Stride+n]
		floats.Sub(row, mean[i:])
		floats.AddConst(total-mean[i], row)
	}
	return mean
}

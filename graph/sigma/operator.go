package sigma

import "gonum.org/v1/gonum/mat"

// Operator is a symmetric linear map A of vectors of Dim elements.
type Operator interface {
	Dim() int
	// Apply writes A·from into another vector.
	Apply(into, from []float64) error
}

// Dense is a matrix as an operator.
type Dense struct{ Matrix *mat.SymDense }

var _ Operator = Dense{}

func (d Dense) Dim() int { return d.Matrix.SymmetricDim() }

func (d Dense) Apply(into, from []float64) error {
	mat.NewVecDense(len(into), into).MulVec(d.Matrix, mat.NewVecDense(len(from), from))
	return nil
}

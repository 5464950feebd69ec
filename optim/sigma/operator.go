package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Operator is a symmetric linear map A of vectors of Dim elements.
type Operator interface {
	Dim() int
	// Apply writes A·from[k] into into[k] for every vector of a block.
	Apply(into, from [][]float64) error
}

// Dense is a matrix as an operator.
type Dense struct{ Matrix *mat.SymDense }

var _ Operator = Dense{}

func (d Dense) Dim() int { return d.Matrix.SymmetricDim() }

func (d Dense) Apply(into, from [][]float64) error {
	for k, v := range from {
		mat.NewVecDense(len(v), into[k]).MulVec(d.Matrix, mat.NewVecDense(len(v), v))
	}
	return nil
}

// Form writes an operator out as a matrix, which takes Dim products.
func Form(a Operator) (*mat.SymDense, error) {
	n := a.Dim()
	m := mat.NewSymDense(n, nil)
	e, column := make([]float64, n), make([]float64, n)
	for j := range n {
		e[j] = 1
		if err := a.Apply([][]float64{column}, [][]float64{e}); err != nil {
			return nil, fmt.Errorf("column %d of %d: %w", j, n, err)
		}
		e[j] = 0
		for i := 0; i <= j; i++ {
			m.SetSym(i, j, column[i])
		}
	}
	return m, nil
}

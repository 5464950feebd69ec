package sigma

import "gonum.org/v1/gonum/mat"

// Operator is a symmetric linear map A of vectors of Dim elements.
type Operator interface {
	Dim() int
	// Apply writes A·from into another vector.
	Apply(into, from []float64) error
}

// severalOperator is an operator that takes less time for several vectors at once.
type severalOperator interface {
	Operator
	// ApplyAll writes A·from of each vector into another, with the bits of Apply.
	ApplyAll(into, from [][]float64) error
}

// atOnce is how many vectors an operator is given at once.
const atOnce = 8

// images passes on n vectors, which are made in order, with their images.
func images(a Operator, n int, x func(k int) []float64, visit func(k int, x, image []float64) error) error {
	size := 1
	several, is := a.(severalOperator)
	if is {
		size = atOnce
	}
	var from, into [][]float64
	for k := 0; k < n; k += len(from) {
		from = from[:0]
		for len(from) < min(size, n-k) {
			from = append(from, x(k+len(from)))
		}
		for len(into) < len(from) {
			into = append(into, make([]float64, a.Dim()))
		}
		var err error
		if is {
			err = several.ApplyAll(into[:len(from)], from)
		} else {
			err = a.Apply(into[0], from[0])
		}
		if err != nil {
			return err
		}
		for i := range from {
			if err := visit(k+i, from[i], into[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Dense is a matrix as an operator.
type Dense struct{ Matrix *mat.SymDense }

var _ Operator = Dense{}

func (d Dense) Dim() int { return d.Matrix.SymmetricDim() }

func (d Dense) Apply(into, from []float64) error {
	mat.NewVecDense(len(into), into).MulVec(d.Matrix, mat.NewVecDense(len(from), from))
	return nil
}

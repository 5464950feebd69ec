package optim

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/graph/sigma"
)

// factoredLayer is a weight, seen as [out,in], with the bias as its last column where there is one.
type factoredLayer struct {
	weight, bias    int // of the parameters; bias −1: none
	params          []objective.Param
	in, out         int
	moments, scales int     // where they are
	positions       float64 // at which the weight is applied to an example

	inputs, outputs *mat.SymDense // A and G
	left, right     *mat.Dense    // [in,in] and [out,out]: damped inverses, or eigenvectors
	scale           []float64     // S [out,in] of EKFAC
	gradient, half  *mat.Dense    // room [out,in]
}

func (l *factoredLayer) reserve() {
	l.inputs, l.outputs = mat.NewSymDense(l.in, nil), mat.NewSymDense(l.out, nil)
	l.left, l.right = mat.NewDense(l.in, l.in, nil), mat.NewDense(l.out, l.out, nil)
	l.gradient, l.half = mat.NewDense(l.out, l.in, nil), mat.NewDense(l.out, l.in, nil)
	l.scale = make([]float64, l.in*l.out)
}

// refresh finds the damped inverses of the factors, or their eigenvectors.
func (l *factoredLayer) refresh(eigen bool, damping float64) error {
	if eigen {
		return errors.Join(sigma.Eigenbasis(l.inputs, l.left), sigma.Eigenbasis(l.outputs, l.right))
	}
	pi := math.Sqrt(mat.Trace(l.inputs) / float64(l.in) / (mat.Trace(l.outputs) / float64(l.out)))
	if !(pi > 0) || math.IsInf(pi, 1) { // a factor vanishes
		pi = 1
	}
	return errors.Join(dampedInverse(l.inputs, pi*math.Sqrt(damping), l.left), dampedInverse(l.outputs, math.Sqrt(damping)/pi, l.right))
}

func dampedInverse(of *mat.SymDense, damping float64, into *mat.Dense) error {
	n := of.SymmetricDim()
	damped := mat.NewSymDense(n, nil)
	damped.CopySym(of)
	for i := range n {
		damped.SetSym(i, i, damped.At(i, i)+damping)
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(damped) {
		return errors.New("a factor has no inverse: raise the damping")
	}
	var inverse mat.SymDense
	if err := cholesky.InverseTo(&inverse); err != nil {
		var ill mat.Condition // the digits that are left are enough for a direction
		if !errors.As(err, &ill) {
			return err
		}
	}
	into.Copy(&inverse)
	return nil
}

// precondition replaces the layer's part of a gradient [P].
func (l *factoredLayer) precondition(g []float64, eigen bool, damping float64) {
	l.exchange(g, func(matrix, flat *float64) { *matrix = *flat })
	if eigen {
		l.half.Mul(l.right.T(), l.gradient)
		l.gradient.Mul(l.half, l.left)
		for i, x := range l.gradient.RawMatrix().Data {
			l.half.RawMatrix().Data[i] = x / (l.scale[i] + damping)
		}
		l.gradient.Mul(l.right, l.half)
		l.half.Mul(l.gradient, l.left.T())
	} else {
		l.gradient, l.half = l.half, l.gradient
		l.gradient.Mul(l.right, l.half)
		l.half.Mul(l.gradient, l.left)
	}
	l.gradient, l.half = l.half, l.gradient
	l.exchange(g, func(matrix, flat *float64) { *flat = *matrix })
}

// exchange visits the elements of the matrix with theirs in a vector [P].
func (l *factoredLayer) exchange(g []float64, each func(matrix, flat *float64)) {
	m, width := l.gradient.RawMatrix().Data, l.params[0].Len/l.out
	for r := range l.out {
		for c := range width {
			each(&m[r*l.in+c], &g[l.params[0].Offset+r*width+c])
		}
		if l.bias >= 0 {
			each(&m[r*l.in+width], &g[l.params[1].Offset+r])
		}
	}
}

func (l *factoredLayer) state(s objective.State) {
	s.Host("inputs", l.inputs.RawSymmetric().Data)
	s.Host("outputs", l.outputs.RawSymmetric().Data)
	s.Host("left", l.left.RawMatrix().Data)
	s.Host("right", l.right.RawMatrix().Data)
	s.Host("scale", l.scale)
}

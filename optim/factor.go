package optim

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/graph/sigma"
)

// factor is the Fisher information of the matrix [out,in] of one layer, or of one group of it.
type factor struct {
	inputs, outputs *mat.SymDense // A and G
	left, right     *mat.Dense    // [in,in] and [out,out]: damped inverses, or eigenvectors
	scale           []float64     // S [out,in] of EKFAC
	gradient, half  *mat.Dense    // room [out,in]
}

func newFactor(in, out int) *factor {
	return &factor{
		inputs: mat.NewSymDense(in, nil), outputs: mat.NewSymDense(out, nil),
		left: mat.NewDense(in, in, nil), right: mat.NewDense(out, out, nil), scale: make([]float64, in*out),
		gradient: mat.NewDense(out, in, nil), half: mat.NewDense(out, in, nil),
	}
}

// refresh finds the damped inverses of A and G, or their eigenvectors.
func (f *factor) refresh(eigen bool, damping float64) error {
	if eigen {
		return errors.Join(sigma.Eigenbasis(f.inputs, f.left), sigma.Eigenbasis(f.outputs, f.right))
	}
	in, out := float64(f.inputs.SymmetricDim()), float64(f.outputs.SymmetricDim())
	pi := math.Sqrt(mat.Trace(f.inputs) / in / (mat.Trace(f.outputs) / out))
	if !(pi > 0) || math.IsInf(pi, 1) { // one of them vanishes
		pi = 1
	}
	return errors.Join(dampedInverse(f.inputs, pi*math.Sqrt(damping), f.left), dampedInverse(f.outputs, math.Sqrt(damping)/pi, f.right))
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

// precondition replaces the gradient by the direction.
func (f *factor) precondition(eigen bool, damping float64) {
	if eigen {
		f.half.Mul(f.right.T(), f.gradient)
		f.gradient.Mul(f.half, f.left)
		for i, x := range f.gradient.RawMatrix().Data {
			f.half.RawMatrix().Data[i] = x / (f.scale[i] + damping)
		}
		f.gradient.Mul(f.right, f.half)
		f.half.Mul(f.gradient, f.left.T())
		f.gradient, f.half = f.half, f.gradient
		return
	}
	f.half.Mul(f.right, f.gradient)
	f.gradient.Mul(f.half, f.left)
}

func (f *factor) state(s objective.State) {
	s.Host("inputs", f.inputs.RawSymmetric().Data)
	s.Host("outputs", f.outputs.RawSymmetric().Data)
	s.Host("left", f.left.RawMatrix().Data)
	s.Host("right", f.right.RawMatrix().Data)
	s.Host("scale", f.scale)
}

package sigma

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"drift/kernels/devicetest"
)

// Sizes within a panel, at its edge, and over several panels with a rest.
func TestCholeskySolves(t *testing.T) {
	dev := devicetest.Open(2)
	for _, n := range []int{1, 5, tile, tile + 1, 3*tile + 17} {
		a := mat.NewSymDense(n, nil)
		a.SymOuterK(1, mat.NewDense(n, n, gaussian(uint64(n), n*n)))
		for i := range n {
			a.SetSym(i, i, a.At(i, i)+float64(n)/4)
		}
		c, err := newCholesky(dev, n)
		must(t, err)
		for range 2 { // a factorization serves again
			positive, err := c.factor(a)
			must(t, err)
			if !positive {
				t.Fatalf("%d: not positive definite", n)
			}
			x := gaussian(7, n)
			c.solve(x)
			near(t, "A A⁻¹b", times(a, x), gaussian(7, n), 1e-11)
		}
		a.SetSym(n-1, n-1, -1)
		if positive, err := c.factor(a); positive || err != nil {
			t.Errorf("%d: an indefinite matrix was taken: %v", n, err)
		}
		c.close()
	}
}

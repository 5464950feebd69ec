package optim

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// Decay of matrices shrinks tensors of two axes and more by ηκ, kernels of convolutions whatever their shape in the graph, and leaves
// biases and the weights of norms as the rule makes them.
func TestDecayOfMatrices(t *testing.T) {
	params := []objective.Param{
		{Name: "weight", Shape: []int{2, 3}, Offset: 0, Len: 6}, {Name: "bias", Shape: []int{3}, Offset: 6, Len: 3},
		{Name: "kernels", Shape: []int{2, 1, 2, 2}, Offset: 9, Len: 8}, {Name: "norm", Shape: []int{2}, Offset: 17, Len: 2},
		{Name: "table", Shape: []int{4}, Stored: []int{2, 2}, Offset: 19, Len: 4},
	}
	const n, rate, decay = 23, 0.1, 0.5
	dev := devicetest.Open(1)
	defer dev.Close()
	r := rand.New(rand.NewPCG(1, 2))
	start, g := normal(r, n), normal(r, n)
	run := func(o Optimizer) []float64 {
		theta, err := dev.NewBuffer(kernels.Float64, n)
		if err == nil {
			err = theta.Write(start)
		}
		if err != nil {
			t.Fatal(err)
		}
		gradient, err := dev.NewBuffer(kernels.Float64, n)
		if err == nil {
			err = gradient.Write(g)
		}
		if err != nil {
			t.Fatal(err)
		}
		u, err := NewUpdate(dev, o.Transform(), params, theta, gradient)
		if err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		if err := u.Step(rate); err != nil {
			t.Fatal(err)
		}
		after := make([]float64, n)
		if err := theta.Read(after); err != nil {
			t.Fatal(err)
		}
		return after
	}
	some, none := DefaultAdamW, DefaultAdamW
	some.WeightDecay, some.Decay, none.WeightDecay = decay, "matrices", 0
	lion, noLion := DefaultLion, DefaultLion
	lion.WeightDecay, lion.Decay = decay, "matrices"
	for _, pair := range [][2]Optimizer{{some, none}, {lion, noLion}} {
		got, want := run(pair[0]), run(pair[1])
		for _, p := range params {
			for i := p.Offset; i < p.Offset+p.Len; i++ {
				if len(p.FileShape()) > 1 {
					want[i] -= rate * decay * start[i]
				}
				if math.Abs(got[i]-want[i]) > 1e-15 {
					t.Errorf("%T: %s[%d] is %v, want %v", pair[0], p.Name, i-p.Offset, got[i], want[i])
				}
			}
		}
	}
}

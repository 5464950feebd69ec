package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// BenchmarkColumnwise takes what tr Σ and its gradient take from gradients of single examples, as plans do: their mean and its square, the squares of
// deviations and their sum, and the deviations, which replace the gradients.
func BenchmarkColumnwise(b *testing.B) {
	for _, shape := range [][2]int{{12, 65536}, {12, 1024}, {128, 36864}, {128, 9216}} {
		n, m := shape[0], shape[1]
		b.Run(fmt.Sprintf("%d×%d", n, m), func(b *testing.B) {
			dev := New(Options{})
			defer dev.Close()
			c := &cnn{device: dev, rng: rand.New(rand.NewPCG(1, 2))}
			g := c.buffer(n * m)
			call := kernels.Call{Op: centring(n, m), In: []kernels.Buffer{g}}
			for _, length := range call.Op.(kernels.Columnwise).Out {
				call.Out = append(call.Out, c.buffer(length))
			}
			call.Out[len(call.Out)-1] = g
			e, err := dev.Load([]kernels.Call{call})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			b.SetBytes(int64(2 * 4 * n * m))
			for b.Loop() {
				if err := e.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// centring is that program for gradients [n,m]: its outputs are their sum, the mean and its square, the sum of deviations and its square, the squares of each row's
// deviations, and the deviations less their mean.
func centring(n, m int) kernels.Columnwise {
	mean := kernels.Access{B: n, C: m}
	scaled := func(v float64) kernels.Instr { return kernels.Instr{Fn: kernels.FnScale, Imm: v / float64(n)} }
	squared := kernels.Reduce{A: 1, B: m, C: 1, Map: kernels.Map{N: m, Access: []kernels.Access{full(m)},
		Code: []kernels.Instr{scaled(1), {Fn: kernels.FnSquare, X: 1}}, Results: []uint8{2, 1}}}
	less := kernels.Instr{Fn: kernels.FnSub, X: 0, Y: 1}
	return kernels.Columnwise{Columns: m, In: []int{n * m}, Out: []int{m, 1, m, m, 1, m, n, n * m}, Steps: []kernels.Step{
		{Op: kernels.Reduce{A: 1, B: n, C: m, Map: kernels.Map{N: n * m, Access: []kernels.Access{full(n * m)}, Results: []uint8{0}}}, In: []int{0}, Out: []int{1}},
		{Op: squared, In: []int{1}, Out: []int{2, 3}},
		{Op: kernels.Reduce{A: 1, B: n, C: m, Map: kernels.Map{N: n * m, Access: []kernels.Access{full(n * m), mean}, Code: []kernels.Instr{less}, Results: []uint8{2}}},
			In: []int{0, 3}, Out: []int{4}},
		{Op: squared, In: []int{4}, Out: []int{5, 6}},
		{Op: kernels.Reduce{A: n, B: m, C: 1, Map: kernels.Map{N: n * m, Access: []kernels.Access{full(n * m), mean, mean},
			Code:    []kernels.Instr{less, {Fn: kernels.FnSquare, X: 3}, {Fn: kernels.FnScale, X: 2, Imm: -1 / float64(n)}, {Fn: kernels.FnAdd, X: 5, Y: 3}},
			Results: []uint8{4, 6}}}, In: []int{0, 3, 4}, Out: []int{7, 8}},
	}}
}

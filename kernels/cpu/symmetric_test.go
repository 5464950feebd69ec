package cpu

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// A·Aᵀ and Aᵀ·A by blocks below the diagonal have the bits of the product with a copy of A, and are symmetric.
func TestSymmetricProduct(t *testing.T) {
	const n, k = leastSymmetric + 37, 45
	dev := New(Options{Threads: 2})
	for _, transA := range []bool{false, true} {
		r := rand.New(rand.NewPCG(1, 2))
		x := make([]float32, n*k)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		var results [2][]float32
		a, twin := buffers(t, dev, x), buffers(t, dev, x)
		for i, b := range []kernels.Buffer{a, twin} {
			c := buffers(t, dev, make([]float32, n*n))
			run, err := dev.Load([]kernels.Call{{Op: kernels.Gemm{Batch: 1, M: n, N: n, K: k, TransA: transA, TransB: !transA, Alpha: 0.5},
				Out: []kernels.Buffer{c}, In: []kernels.Buffer{a, b}}})
			if err == nil {
				err = run.Run()
			}
			if err != nil {
				t.Fatal(err)
			}
			results[i] = host[float32](c)
		}
		for i, want := range results[1] {
			if got := results[0][i]; got != want || got != results[0][i%n*n+i/n] {
				t.Fatalf("transA=%t: element %d,%d is %v, its mirror image %v, want %v", transA, i/n, i%n, got, results[0][i%n*n+i/n], want)
			}
		}
	}
}

func buffers(t *testing.T, dev kernels.Device, x []float32) kernels.Buffer {
	t.Helper()
	b, err := dev.NewBuffer(kernels.Float32, len(x))
	if err == nil {
		err = b.Write(x)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

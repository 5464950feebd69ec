package timing

import (
	"fmt"

	"drift/bench/peers"
	"drift/kernels"
)

// products is matrix products: squares, and those of a training step of the MLP: y = x·Wᵀ, x̄ = ȳ·W, W̄ = ȳᵀ·x.
func products(dtype kernels.DType) []Case {
	var all []Case
	for _, n := range []int{64, 128, 256, 512, 1024, 2048} {
		all = append(all, product(dtype, fmt.Sprint(n), kernels.Gemm{M: n, N: n, K: n}))
	}
	mlp := networks[0]
	for _, l := range mlp.layers {
		all = append(all,
			product(dtype, l.name+"-forward", kernels.Gemm{M: mlp.batch, N: l.out, K: l.in, TransB: true}),
			product(dtype, l.name+"-input", kernels.Gemm{M: mlp.batch, N: l.in, K: l.out}),
			product(dtype, l.name+"-weight", kernels.Gemm{M: l.out, N: l.in, K: mlp.batch, TransA: true}))
	}
	return all
}

func product(dtype kernels.DType, name string, p kernels.Gemm) Case {
	p.Batch, p.Alpha = 1, 1
	return Case{
		Name:  fmt.Sprintf("gemm/%v/%s", dtype, name),
		Flops: 2 * float64(p.M) * float64(p.N) * float64(p.K),
		DType: dtype,
		Request: &peers.Request{Op: "gemm", DType: dtype.String(), Shape: []int{p.M, p.N, p.K},
			TransA: p.TransA, TransB: p.TransB},
		Open: primitive(dtype, p),
	}
}

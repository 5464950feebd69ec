//go:build gpu

package cuda

import (
	"fmt"
	"math"

	"drift/kernels"
	"drift/kernels/cuda/cublas"
)

// product is one call of cuBLAS.
type product cublas.Gemm

func (g *product) issue(d *device) error { return d.blas.Run((*cublas.Gemm)(g)) }

func (g *product) kernel() string { return "cublas" }

// batchLimit is how many products one call takes: the limit of a grid's third axis.
const batchLimit = 65535

// gemm adds a product of row-major matrices. cuBLAS counts by columns, for which they are transposed: Cᵀ = op(B)ᵀ·op(A)ᵀ.
func (p *planner) gemm(g kernels.Gemm, c, a, b uint64) error {
	if g.K == 0 || g.Alpha == 0 {
		return p.scale(g.Batch*g.M*g.N, g.Beta, c)
	}
	if g.ShareB && !g.TransA && !g.ShareA {
		g.M, g.Batch = g.M*g.Batch, 1 // one product with all rows
	}
	if max(g.M, g.N, g.K) > math.MaxInt32 {
		return fmt.Errorf("product of %d×%d×%d: cuBLAS counts to %d", g.M, g.N, g.K, math.MaxInt32)
	}
	h := product{
		Compute: p.compute(), TransA: g.TransB, TransB: g.TransA, M: g.N, N: g.M, K: g.K, Alpha: g.Alpha, Beta: g.Beta,
		A: b, B: a, C: c, LDA: g.N, LDB: g.K, LDC: g.N, StrideA: g.K * g.N, StrideB: g.M * g.K, StrideC: g.M * g.N,
	}
	if g.TransB {
		h.LDA = g.K
	}
	if g.TransA {
		h.LDB = g.M
	}
	if g.ShareA {
		h.StrideB = 0
	}
	if g.ShareB {
		h.StrideA = 0
	}
	if (a|b|c)%16 != 0 {
		p.unaligned++
	}
	h.Narrow, h.NarrowC = p.narrow[a] && p.narrow[b], p.narrow[c]
	if h.Narrow {
		h.Compute = cublas.Float32
	}
	for from := 0; from < g.Batch; from += batchLimit {
		part := h
		part.Batch = min(batchLimit, g.Batch-from)
		part.A += uint64(from*h.StrideA) * p.bytesAt(b)
		part.B += uint64(from*h.StrideB) * p.bytesAt(a)
		part.C += uint64(from*h.StrideC) * p.bytesAt(c)
		p.commands = append(p.commands, &part)
	}
	return nil
}

func (p *planner) compute() int {
	switch {
	case p.dtype == kernels.Float64:
		return cublas.Float64
	case p.device.options.Precision != Full: // under bf16, of what stays in float32
		return cublas.TF32
	}
	return cublas.Float32
}

// scale multiplies n elements by beta, in place; 0 clears them whatever they are.
func (p *planner) scale(n int, beta float64, c uint64) error {
	m := kernels.Map{N: n, Code: []kernels.Instr{{Fn: kernels.FnConst}}, Results: []uint8{0}}
	if beta != 0 {
		m.Access = []kernels.Access{{B: 1, C: 1}}
		m.Code = []kernels.Instr{{Fn: kernels.FnScale, Imm: beta}}
		m.Results[0] = 1
	}
	return p.fused(m, []uint64{c}, []uint64{c}[:len(m.Access)])
}

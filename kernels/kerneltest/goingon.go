package kerneltest

import (
	"math"

	"drift/kernels"
)

// testProduct: products that go on with their result, in all layouts and at sizes that fill no vector.
func testProduct(s *suite) {
	sizes := [][3]int{{1, 1, 1}, {0, 3, 3}, {3, 0, 3}, {1, 33, 9}, {17, 1, 5}, {64, 128, 32}, {129, 67, 61}, {31, 256, 15}, {300, 8, 20}, {5, 4, 0}}
	for i, z := range sizes {
		for transposes := range 4 {
			g := kernels.Gemm{Batch: 1, M: z[0], N: z[1], K: z[2], TransA: transposes&1 > 0, TransB: transposes&2 > 0, Alpha: []float64{1, -0.5}[i%2]}
			for _, p := range []kernels.Product{
				{Gemm: g}, {Gemm: g, FactorSums: true}, {Gemm: g, Bias: true}, {Gemm: g, Activation: kernels.ReLU}, {Gemm: g, Activation: kernels.ReLU, Bias: true},
				{Gemm: g, Activation: kernels.ReLU, Gradient: true}, {Gemm: g, Activation: kernels.ReLU, Gradient: true, Sums: true},
				{Gemm: g, Activation: kernels.GELUTanh}, {Gemm: g, Activation: kernels.GELUTanh, Bias: true, Keep: true},
				{Gemm: g, Activation: kernels.GELUTanh, Gradient: true}, {Gemm: g, Activation: kernels.GELUTanh, Gradient: true, Sums: true},
			} {
				_, sizes, _ := p.Operands()
				var in [][]float64
				for _, n := range sizes {
					in = append(in, s.normal(n))
				}
				units := productUnits(p.K + 1)
				if p.Sums {
					units += productUnits(p.M)
				}
				s.check(p, units, in...)
			}
		}
	}
}

// refProduct is the product and then, element by element, what follows.
func refProduct(p kernels.Product, out, scale, in [][]float64) {
	y, terms := out[p.Y()], scale[p.Y()]
	if p.FactorSums {
		refFactorSums(p, out[0], scale[0], in[0])
	}
	refGemm(p.Gemm, y, terms, in[0], in[1])
	for i := range y {
		if p.Bias {
			b := in[2][i%p.N]
			y[i] += b
			terms[i] += math.Abs(b)
		}
		if p.Keep {
			out[1][i], scale[1][i] = y[i], terms[i]
		}
		switch {
		case p.Activation == kernels.ReLU && p.Gradient:
			if !(in[2][i] > 0) {
				y[i], terms[i] = 0, 0
			}
		case p.Activation == kernels.ReLU:
			y[i] = math.Max(y[i], 0)
		case p.Activation == kernels.GELUTanh && p.Gradient:
			_, slope := gelu(in[2][i])
			y[i] *= slope
			terms[i] *= 2 + math.Abs(in[2][i]) // the derivative is a sum of terms of about this size
		case p.Activation == kernels.GELUTanh:
			y[i], _ = gelu(y[i])
			terms[i] *= 1.2 // the largest derivative is below
		}
		if p.Sums {
			out[0][i%p.N] += y[i]
			scale[0][i%p.N] += terms[i]
		}
	}
}

// refFactorSums is the sums of a product's first factor.
func refFactorSums(p kernels.Product, sums, terms, a []float64) {
	for m := range p.M {
		for k := range p.K {
			v := a[m*p.K+k]
			if p.TransA {
				v = a[k*p.M+m]
			}
			sums[m] += v
			terms[m] += math.Abs(v)
		}
	}
}

// gelu is the approximation by tanh, and its derivative.
func gelu(u float64) (y, slope float64) {
	c := math.Sqrt(2 / math.Pi)
	t := math.Tanh(c * (u + 0.044715*u*u*u))
	return u * (1 + t) / 2, (1+t)/2 + u*(1-t*t)/2*c*(1+3*0.044715*u*u)
}

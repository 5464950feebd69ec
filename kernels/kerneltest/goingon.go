package kerneltest

import (
	"math"
	"slices"

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

// testConvolved: convolutions that go on with a bias for each channel and with ReLU, on images of one pixel and of one output too.
func testConvolved(s *suite) {
	one := kernels.Window{N: 3, C: 2, H: 3, W: 3, KH: 3, KW: 3, StrideH: 1, StrideW: 1}
	for _, w := range append(slices.Clone(windows), deep[0], one) {
		for _, c := range []kernels.Conv{{Window: w, O: 1}, {Window: w, O: 4}, {Window: w, O: 17}, {Window: w, O: 2 * w.C, Groups: w.C}} {
			if c.Groups == 0 && w.C == 0 {
				continue
			}
			for _, p := range []kernels.Convolved{{Conv: c, Bias: true}, {Conv: c, Activation: kernels.ReLU}, {Conv: c, Activation: kernels.ReLU, Bias: true}} {
				_, sizes, err := p.Operands()
				if err != nil {
					s.Fatal(err)
				}
				var in [][]float64
				for _, n := range sizes {
					in = append(in, s.normal(n))
				}
				s.check(p, productUnits(c.KH*c.KW*c.C+1), in...)
			}
		}
	}
}

// testConvSum: sums of two convolutions, or of adjoints, of which the second has kernels that images share or each its own.
func testConvSum(s *suite) {
	for _, w := range append(slices.Clone(deep), windows[3], windows[7], windows[len(windows)-2]) {
		for _, p := range []kernels.ConvSum{{}, {Input: true}} {
			for _, p.PerExample = range []bool{false, true} {
				p.Window, p.O = w, 17
				_, sizes, err := p.Operands()
				if err != nil {
					s.Fatal(err)
				}
				var in [][]float64
				for _, n := range sizes {
					in = append(in, s.normal(n))
				}
				s.check(p, productUnits(2*p.KH*p.KW*max(p.C, p.O)), in...)
			}
		}
	}
}

// refConvolved is the convolution and then, pixel by pixel, what follows.
func refConvolved(p kernels.Convolved, y, terms []float64, in [][]float64) {
	refConv(p.Conv, y, terms, in[0], in[1])
	pixels := p.OutH() * p.OutW()
	for i := range y {
		if p.Bias {
			b := in[2][i/pixels%p.O]
			y[i] += b
			terms[i] += math.Abs(b)
		}
		if p.Activation == kernels.ReLU {
			y[i] = math.Max(y[i], 0)
		}
	}
}

// gelu is the approximation by tanh, and its derivative.
func gelu(u float64) (y, slope float64) {
	c := math.Sqrt(2 / math.Pi)
	t := math.Tanh(c * (u + 0.044715*u*u*u))
	return u * (1 + t) / 2, (1+t)/2 + u*(1-t*t)/2*c*(1+3*0.044715*u*u)
}

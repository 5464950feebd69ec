package kerneltest

import (
	"math"
	"math/bits"
	"slices"

	"drift/kernels"
)

// productUnits bounds the error of a sum of k products in any order, in half ulps of the sum of absolute values.
func productUnits(k int) float64 { return float64(k) + 4 }

func testGemm(s *suite) {
	sizes := [][4]int{{1, 1, 1, 1}, {0, 3, 3, 3}, {2, 0, 3, 3}, {2, 3, 0, 3}, {2, 3, 4, 0}, {1, 1, 1, 300}, {1, 300, 1, 1}, {1, 1, 300, 1},
		{1, 17, 33, 9}, {1, 64, 64, 64}, {1, 64, 10, 784}, {1, 129, 67, 61}, {1, 31, 257, 15}, {3, 14, 32, 5}, {20, 7, 5, 3},
		{2, 70, 33, 100}, {1, 40, 100, 410}, {5, 1, 40, 30}, {130, 10, 1, 10}}
	for range 12 {
		sizes = append(sizes, [4]int{1 + s.rng.IntN(3), s.rng.IntN(90), s.rng.IntN(90), s.rng.IntN(90)})
	}
	for i, z := range sizes {
		for transposes := range 4 {
			p := kernels.Gemm{Batch: z[0], M: z[1], N: z[2], K: z[3], TransA: transposes&1 > 0, TransB: transposes&2 > 0,
				Alpha: []float64{1, -0.5, 1}[i%3], ShareA: bits.OnesCount(uint(transposes))&1 == i&1, ShareB: i&2 > 0}
			_, in, _ := p.Operands()
			s.check(p, productUnits(p.K), s.normal(in[0]), s.normal(in[1]))
			s.checkBeta(p, s.normal(in[0]), s.normal(in[1]))
		}
	}
}

// checkBeta adds a multiple of what C held.
func (s *suite) checkBeta(p kernels.Gemm, a, b []float64) {
	s.Helper()
	for _, p.Beta = range []float64{1, -0.75} {
		c := s.normal(p.Batch * p.M * p.N)
		want, scale := reference(p, [][]float64{a, b})
		for i, v := range c {
			want[0][i] += p.Beta * v
			scale[0][i] += math.Abs(p.Beta * v)
		}
		s.compare("gemm with beta", productUnits(p.K+2), s.compute(p, [][]float64{c}, [][]float64{a, b}), want, scale)
	}
}

// testGemmNaN: a NaN or infinity reaches its row or column and nothing else. (That old NaN in C does not spread is part of every check.)
func testGemmNaN(s *suite) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		p := kernels.Gemm{Batch: 1, M: 37, N: 41, K: 29, Alpha: 1}
		a, b := s.normal(p.M*p.K), s.normal(p.K*p.N)
		a[5*p.K+7] = v
		s.check(p, productUnits(p.K), a, b)
		b[3*p.N+4] = v
		s.check(p, productUnits(p.K), a, b)
	}
}

// windows are geometries with padding, strides, windows that overlap or leave gaps, and sizes that do not divide.
var windows = []kernels.Window{
	{N: 1, C: 1, H: 1, W: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1},
	{N: 2, C: 3, H: 5, W: 7, KH: 1, KW: 1, StrideH: 1, StrideW: 1},
	{N: 2, C: 3, H: 5, W: 7, KH: 1, KW: 1, StrideH: 2, StrideW: 3},
	{N: 3, C: 2, H: 6, W: 5, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 1, C: 1, H: 28, W: 28, KH: 3, KW: 3, StrideH: 1, StrideW: 1},
	{N: 5, C: 3, H: 13, W: 13, KH: 3, KW: 3, StrideH: 1, StrideW: 1},
	{N: 4, C: 1, H: 9, W: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{N: 2, C: 2, H: 9, W: 10, KH: 3, KW: 2, StrideH: 2, StrideW: 1, PadH: 2, PadW: 1},
	{N: 2, C: 1, H: 4, W: 4, KH: 4, KW: 4, StrideH: 1, StrideW: 1},
	{N: 1, C: 2, H: 3, W: 20, KH: 5, KW: 5, StrideH: 2, StrideW: 2, PadH: 2, PadW: 2},
	{N: 20, C: 2, H: 7, W: 7, KH: 2, KW: 2, StrideH: 3, StrideW: 3},
	{N: 1, C: 1, H: 2, W: 1, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2},
	{N: 2, C: 3, H: 26, W: 26, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{N: 1, C: 2, H: 5, W: 71, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{N: 1, C: 3, H: 6, W: 33, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{N: 3, C: 1, H: 3, W: 10, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
	{N: 1, C: 1, H: 3, W: 37, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 3, C: 1, H: 17, W: 18, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1},
	{N: 0, C: 2, H: 3, W: 3, KH: 2, KW: 2, StrideH: 1, StrideW: 1},
	{N: 2, C: 0, H: 3, W: 3, KH: 2, KW: 2, StrideH: 1, StrideW: 1},
}

// dilated are windows with gaps.
var dilated = []kernels.Window{
	{N: 2, C: 1, H: 9, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2, DilationH: 2, DilationW: 2},
	{N: 3, C: 1, H: 12, W: 11, KH: 2, KW: 3, StrideH: 2, StrideW: 1, PadH: 1, PadW: 3, DilationH: 4, DilationW: 1},
	{N: 1, C: 1, H: 7, W: 10, KH: 3, KW: 2, StrideH: 1, StrideW: 3, PadW: 4, DilationH: 3, DilationW: 5},
	{N: 2, C: 1, H: 5, W: 5, KH: 1, KW: 2, StrideH: 1, StrideW: 2, DilationW: 4},
}

// deep are windows over channels and places enough for a device to have a way of its own.
var deep = []kernels.Window{
	{N: 33, C: 8, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 24, C: 11, H: 11, W: 9, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 12, C: 9, H: 17, W: 14, KH: 3, KW: 3, StrideH: 1, StrideW: 1},
	{N: 2, C: 8, H: 39, W: 50, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 1},
	{N: 1, C: 10, H: 43, W: 44, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 3, PadW: 3},
	{N: 9, C: 9, H: 18, W: 15, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 1, C: 8, H: 58, W: 75, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 3, C: 16, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 2, C: 35, H: 12, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 2, C: 19, H: 6, W: 10, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 2, C: 18, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1},
	{N: 1, C: 16, H: 12, W: 12, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
	{N: 3, C: 32, H: 8, W: 12, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1},
}

func testConv(s *suite) {
	for _, w := range windows {
		for _, channels := range []int{0, 1, 4, 17} {
			for _, perExample := range []bool{false, true} {
				s.convolve(kernels.Conv{Window: w, O: channels, PerExample: perExample})
			}
		}
	}
	for _, w := range deep {
		for _, channels := range []int{8, 17, 48} {
			s.convolve(kernels.Conv{Window: w, O: channels})
			s.convolve(kernels.Conv{Window: w, O: channels, PerExample: true})
		}
	}
}

// convolve checks a convolution and its adjoints.
func (s *suite) convolve(c kernels.Conv) {
	y, in, _ := c.Operands()
	x, k, g := s.normal(in[0]), s.normal(in[1]), s.normal(y[0])
	taps := c.KH * c.KW
	s.check(c, productUnits(taps*c.C), x, k)
	s.check(kernels.ConvInput(c), productUnits(taps*c.O), g, k)
	s.check(kernels.ConvWeight(c), productUnits(c.N*c.OutH()*c.OutW()), x, g)
}

// testGroups: channels in groups, one channel a group among them, with several outputs for each, and windows with gaps.
func testGroups(s *suite) {
	for _, w := range slices.Concat(windows, dilated) {
		for _, g := range []struct{ groups, channels, outputs int }{{1, 3, 5}, {2, 2, 3}, {3, 1, 1}, {4, 1, 3}, {2, 1, 9}, {17, 1, 1}} {
			w.C = g.groups * g.channels
			for _, perExample := range []bool{false, true} {
				c := kernels.Conv{Window: w, O: g.groups * g.outputs, PerExample: perExample, Groups: g.groups}
				y, in, err := c.Operands()
				if err != nil {
					s.Fatal(err)
				}
				x, k, v := s.normal(in[0]), s.normal(in[1]), s.normal(y[0])
				taps := w.KH * w.KW
				s.check(c, productUnits(taps*g.channels), x, k)
				s.check(kernels.ConvInput(c), productUnits(taps*g.outputs), v, k)
				s.check(kernels.ConvWeight(c), productUnits(w.N*w.OutH()*w.OutW()), x, v)
			}
		}
		image, places := w.N*w.C*w.H*w.W, w.N*w.C*w.OutH()*w.OutW()
		s.check(kernels.Im2Col{Window: w}, 0, s.normal(image))
		s.check(kernels.Col2Im{Window: w}, productUnits(w.KH*w.KW), s.normal(places*w.KH*w.KW))
	}
}

// testGrams: matrices over the pixels of small images, by windows of all kinds.
func testGrams(s *suite) {
	const most = 200 // pixels: matrices have the square of it
	for _, w := range slices.Concat(windows, dilated) {
		if w.H*w.W > most {
			continue
		}
		out, in, err := kernels.WindowGram{Window: w}.Operands()
		if err != nil {
			s.Fatal(err)
		}
		units := productUnits(w.KH * w.KW)
		s.check(kernels.WindowGram{Window: w}, units, s.normal(in[0]))
		s.check(kernels.PixelGram{Window: w}, units, s.normal(out[0]))
	}
}

func testPool(s *suite) {
	for _, w := range windows {
		image, places := w.N*w.C*w.H*w.W, w.N*w.C*w.OutH()*w.OutW()
		x, g := s.indices(image, -4, 5), s.normal(places) // small whole numbers: ties are frequent
		s.check(kernels.MaxIndex{Window: w}, 0, x)
		i, _ := reference(kernels.MaxIndex{Window: w}, [][]float64{x})
		units := productUnits(w.KH * w.KW)
		s.check(kernels.MaxGather{Window: w}, 0, s.normal(image), i[0])
		s.check(kernels.MaxScatter{Window: w}, units, g, i[0])
		s.check(kernels.AvgPool{Window: w}, units, s.normal(image))
		s.check(kernels.AvgUnpool{Window: w}, units, g)
		s.check(kernels.Im2Col{Window: w}, 0, s.normal(image))
		s.check(kernels.Col2Im{Window: w}, units, s.normal(places*w.KH*w.KW))
	}
}

// testPoolNaN: the first NaN is the largest; −∞ is larger than nothing.
func testPoolNaN(s *suite) {
	for _, w := range windows {
		x := s.normal(w.N * w.C * w.H * w.W)
		for i := range x {
			switch s.rng.IntN(8) {
			case 0:
				x[i] = math.NaN()
			case 1:
				x[i] = math.Inf(1)
			case 2:
				if w.PadH+w.PadW == 0 { // with padding, the place of a −∞ is not specified
					x[i] = math.Inf(-1)
				}
			}
		}
		s.check(kernels.MaxIndex{Window: w}, 0, x)
		i, _ := reference(kernels.MaxIndex{Window: w}, [][]float64{x})
		s.check(kernels.MaxGather{Window: w}, 0, x, i[0])
	}
}

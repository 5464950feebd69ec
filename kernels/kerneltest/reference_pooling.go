package kerneltest

import (
	"math"

	"drift/kernels"
)

// eachWindow calls f for every window t of [N,C,OutH,OutW], every place in it that is not in the padding, and its pixel in [N,C,H,W].
func eachWindow(w kernels.Window, f func(t, place, pixel int)) {
	for t := range w.N * w.C * w.OutH() * w.OutW() {
		plane, y, x := t/(w.OutH()*w.OutW()), t/w.OutW()%w.OutH(), t%w.OutW()
		dh, dw := w.Dilation()
		for place := range w.KH * w.KW {
			h, v := y*w.StrideH+place/w.KW*dh-w.PadH, x*w.StrideW+place%w.KW*dw-w.PadW
			if h >= 0 && h < w.H && v >= 0 && v < w.W {
				f(t, place, (plane*w.H+h)*w.W+v)
			}
		}
	}
}

// eachTap calls f for every element u of [N, OutH·OutW, C·KH·KW] that is not padding, and its pixel.
func eachTap(w kernels.Window, f func(u, pixel int)) {
	perImage := w.OutH() * w.OutW()
	eachWindow(w, func(t, place, pixel int) {
		n, c, where := t/(w.C*perImage), t/perImage%w.C, t%perImage
		f(((n*perImage+where)*w.C+c)*w.KH*w.KW+place, pixel)
	})
}

// eachPair calls f for every element k of matrices [N·C,T,T] over windows and every element g of [N·C,H·W,H·W] that it is a sum of.
func eachPair(w kernels.Window, f func(k, g int)) {
	t, area := w.OutH()*w.OutW(), w.H*w.W
	planes := w.N * w.C
	w.N, w.C = 1, 1
	eachWindow(w, func(p, place, pixel int) {
		eachWindow(w, func(q, other, column int) {
			if place == other {
				for plane := range planes {
					f((plane*t+p)*t+q, (plane*area+pixel)*area+column)
				}
			}
		})
	})
}

// add adds x to element i of a sum and its absolute value to that of the scale.
func add(sum, scale []float64, i int, x float64) {
	sum[i] += x
	scale[i] += math.Abs(x)
}

func refCol2Im(p kernels.Col2Im, out, scale, u []float64) {
	eachTap(p.Window, func(i, pixel int) { add(out, scale, pixel, u[i]) })
}

func refMaxIndex(p kernels.MaxIndex, out, x []float64) {
	best := make([]float64, len(out))
	for t := range out {
		best[t], out[t] = math.Inf(-1), -1
	}
	eachWindow(p.Window, func(t, place, pixel int) {
		if v := x[pixel]; out[t] < 0 || v > best[t] || math.IsNaN(v) && !math.IsNaN(best[t]) {
			best[t], out[t] = v, float64(place)
		}
	})
}

func refMaxScatter(p kernels.MaxScatter, out, scale, y, index []float64) {
	eachWindow(p.Window, func(t, place, pixel int) {
		if index[t] == float64(place) {
			out[pixel] += y[t]
			scale[pixel] += math.Abs(y[t])
		}
	})
}

func refAvgPool(p kernels.AvgPool, out, scale, x []float64) {
	eachWindow(p.Window, func(t, _, pixel int) {
		out[t] += x[pixel] / float64(p.KH*p.KW)
		scale[t] += math.Abs(x[pixel]) / float64(p.KH*p.KW)
	})
}

func refAvgUnpool(p kernels.AvgUnpool, out, scale, y []float64) {
	eachWindow(p.Window, func(t, _, pixel int) {
		out[pixel] += y[t] / float64(p.KH*p.KW)
		scale[pixel] += math.Abs(y[t]) / float64(p.KH*p.KW)
	})
}

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

func refCol2Im(p kernels.Col2Im, out, scale, u []float64) {
	eachTap(p.Window, func(i, pixel int) {
		out[pixel] += u[i]
		scale[pixel] += math.Abs(u[i])
	})
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

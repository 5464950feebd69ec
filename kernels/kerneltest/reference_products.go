package kerneltest

import (
	"math"

	"drift/kernels"
)

func refGemm(p kernels.Gemm, out, scale, a, b []float64) {
	for i := range out {
		batch, row, col := i/(p.M*p.N), i/p.N%p.M, i%p.N
		for k := range p.K {
			ia, ib := row*p.K+k, k*p.N+col
			if p.TransA {
				ia = k*p.M + row
			}
			if p.TransB {
				ib = col*p.K + k
			}
			if !p.ShareA {
				ia += batch * p.M * p.K
			}
			if !p.ShareB {
				ib += batch * p.K * p.N
			}
			out[i] += p.Alpha * a[ia] * b[ib]
			scale[i] += math.Abs(p.Alpha * a[ia] * b[ib])
		}
	}
}

// refConv is the three directions of y = x ⋆ k, which add the same triples: two factors and the sum's place.
func refConv(op kernels.Primitive, out, scale, u, v []float64) {
	p, direction := kernels.Conv{}, 0
	switch op := op.(type) {
	case kernels.Conv:
		p = op
	case kernels.ConvInput:
		p, direction = kernels.Conv(op), 1
	case kernels.ConvWeight:
		p, direction = kernels.Conv(op), 2
	}
	perImage := p.OutH() * p.OutW()
	inGroup, outGroup := p.C/p.Parts(), p.O/p.Parts() // channels and outputs
	eachWindow(p.Window, func(t, place, pixel int) {
		n, c, where := t/(p.C*perImage), t/perImage%p.C, t%perImage
		for i := range outGroup {
			o := c/inGroup*outGroup + i
			y := (n*p.O+o)*perImage + where
			k := (o*inGroup+c%inGroup)*p.KH*p.KW + place
			if p.PerExample {
				k += n * p.O * inGroup * p.KH * p.KW
			}
			to, iu, iv := y, pixel, k
			switch direction {
			case 1:
				to, iu, iv = pixel, y, k
			case 2:
				to, iu, iv = k, pixel, y
			}
			out[to] += u[iu] * v[iv]
			scale[to] += math.Abs(u[iu] * v[iv])
		}
	})
}

package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/planes"
)

// eachPlane adds a step over all planes of the images: each has H·W pixels and OutH·OutW windows.
func eachPlane(l *loader, w kernels.Window, cost int, each func(pixels, windows int)) {
	pixels, windows := w.H*w.W, w.OutH()*w.OutW()
	l.parallel(w.N*w.C, cost*windows+pixels, func(_, from, to int) {
		for n := from; n < to; n++ {
			each(n*pixels, n*windows)
		}
	})
}

// padded reports whether a window may hang over the edge of its image.
func padded(w kernels.Window) bool { return w.PadH > 0 || w.PadW > 0 }

// quarters is the plane of windows 2×2 side by side that w has, if that is what they are.
func quarters(w kernels.Window) (p planes.Pool, ok bool) {
	return planes.Pool{Rows: w.OutH(), N: w.OutW(), Width: w.W}, w.KH == 2 && w.KW == 2 && w.StrideH == 2 && w.StrideW == 2 && !padded(w)
}

func loadMaxIndex[T kernels.Float](l *loader, p kernels.MaxIndex, o operands[T]) {
	if q, ok := quarters(p.Window); ok {
		eachPlane(l, p.Window, 1, func(pixels, windows int) { planes.Places(q, o.index[windows:], o.in[0][pixels:]) })
		return
	}
	outH, outW := p.OutH(), p.OutW()
	eachPlane(l, p.Window, 4*p.KH*p.KW, func(pixels, windows int) {
		place, x := o.index[windows:][:outH*outW], o.in[0][pixels:][:p.H*p.W]
		for y := range outH {
			row, top := place[y*outW:(y+1)*outW], y*p.StrideH-p.PadH
			for z := range row {
				row[z] = int32(largest(p.Window, x, top, z*p.StrideW-p.PadW))
			}
		}
	})
}

// largest is the place of the first largest pixel of the window at (top, left), or of the first NaN.
func largest[T kernels.Float](w kernels.Window, plane []T, top, left int) int {
	at, best := -1, T(0)
	for kh := max(0, -top); kh < min(w.KH, w.H-top); kh++ {
		for kw := max(0, -left); kw < min(w.KW, w.W-left); kw++ {
			v := plane[(top+kh)*w.W+left+kw]
			if v != v {
				return kh*w.KW + kw
			}
			if at < 0 || v > best {
				best, at = v, kh*w.KW+kw
			}
		}
	}
	return max(at, 0)
}

// spots finds the pixels that MaxIndex's places mean.
type spots struct {
	kernels.Window
	offsets []int // of a place from the first pixel of its window
	padded  bool
}

func newSpots(w kernels.Window) *spots {
	s := &spots{Window: w, padded: padded(w)}
	for k := range w.KH * w.KW {
		s.offsets = append(s.offsets, k/w.KW*w.W+k%w.KW)
	}
	return s
}

// pixel is where place k of the window at (top, left) lies in its plane, −1 when it is in the padding or is no place.
func (s *spots) pixel(top, left, k int) int {
	if uint(k) >= uint(len(s.offsets)) {
		return -1
	}
	if s.padded {
		h, w := top+k/s.KW, left+k%s.KW
		if h < 0 || h >= s.H || w < 0 || w >= s.W {
			return -1
		}
	}
	return top*s.W + left + s.offsets[k]
}

func loadMaxGather[T kernels.Float](l *loader, p kernels.MaxGather, o operands[T]) {
	if q, ok := quarters(p.Window); ok {
		eachPlane(l, p.Window, 1, func(pixels, windows int) {
			planes.Pick(q, o.out[0][windows:], o.in[0][pixels:], o.index[windows:])
		})
		return
	}
	s, outH, outW := newSpots(p.Window), p.OutH(), p.OutW()
	eachPlane(l, p.Window, 8, func(pixels, windows int) {
		x := o.in[0][pixels:][:p.H*p.W]
		for t := 0; t < outH; t++ {
			y, place := o.out[0][windows+t*outW:][:outW], o.index[windows+t*outW:][:outW]
			top, left := t*p.StrideH-p.PadH, -p.PadW
			for i, k := range place {
				y[i] = 0
				if at := s.pixel(top, left, int(k)); at >= 0 {
					y[i] = x[at]
				}
				left += p.StrideW
			}
		}
	})
}

func loadMaxScatter[T kernels.Float](l *loader, p kernels.MaxScatter, o operands[T]) {
	if q, ok := quarters(p.Window); ok {
		eachPlane(l, p.Window, 1, func(pixels, windows int) {
			x := o.out[0][pixels:][:p.H*p.W]
			if p.W > 2*q.N || p.H > 2*q.Rows { // pixels that no window covers
				clear(x)
			}
			planes.Spread(q, x, o.in[0][windows:], o.index[windows:])
		})
		return
	}
	s, outH, outW := newSpots(p.Window), p.OutH(), p.OutW()
	eachPlane(l, p.Window, 8, func(pixels, windows int) {
		x := o.out[0][pixels:][:p.H*p.W]
		clear(x)
		for t := 0; t < outH; t++ {
			y, place := o.in[0][windows+t*outW:][:outW], o.index[windows+t*outW:][:outW]
			top, left := t*p.StrideH-p.PadH, -p.PadW
			for i, k := range place {
				if at := s.pixel(top, left, int(k)); at >= 0 {
					x[at] += y[i]
				}
				left += p.StrideW
			}
		}
	})
}

//go:build gpu

package cuda

import (
	"math/bits"

	"drift/kernels"
)

// The structs of ptx/window.cuh.
type (
	divisor    struct{ Factor, Shift uint32 }
	windowArgs struct {
		Out, X, Index                                      uint64
		N, C, H, W, KH, KW, SH, SW, PH, PW, DH, DW, OH, OW uint32
		ByC, ByH, ByW, ByKW, ByOH, ByOW, BySpots, ByWidth  divisor
	}
)

// divide prepares the division by d, which is below 2³¹.
func divide(d int) divisor {
	d = max(1, d) // 0 divides nothing: there is no window
	shift := bits.Len32(uint32(d - 1))
	return divisor{uint32((1<<shift-d)<<32/d + 1), uint32(shift)}
}

func window(w kernels.Window, out, x, index uint64) windowArgs {
	dh, dw := w.Dilation()
	return windowArgs{
		Out: out, X: x, Index: index,
		N: uint32(w.N), C: uint32(w.C), H: uint32(w.H), W: uint32(w.W), KH: uint32(w.KH), KW: uint32(w.KW),
		SH: uint32(w.StrideH), SW: uint32(w.StrideW), PH: uint32(w.PadH), PW: uint32(w.PadW),
		DH: uint32(dh), DW: uint32(dw), OH: uint32(w.OutH()), OW: uint32(w.OutW()),
		ByC: divide(w.C), ByH: divide(w.H), ByW: divide(w.W), ByKW: divide(w.KW), ByOH: divide(w.OutH()), ByOW: divide(w.OutW()),
		BySpots: divide(w.KH * w.KW), ByWidth: divide(w.C * w.KH * w.KW),
	}
}

func image(w kernels.Window) int   { return w.N * w.C * w.H * w.W }
func pooled(w kernels.Window) int  { return w.N * w.C * w.OutH() * w.OutW() }
func columns(w kernels.Window) int { return w.N * w.OutH() * w.OutW() * w.C * w.KH * w.KW }

func (p *planner) im2col(w kernels.Window, out, x uint64) error {
	return addOf(p, "im2col", p.storedAt(x), across(columns(w)), window(w, out, x, 0))
}

func (p *planner) col2im(w kernels.Window, out, u uint64) error {
	return addOf(p, "col2im", p.storedAt(u), across(image(w)), window(w, out, u, 0))
}

func (p *planner) windowGram(g kernels.WindowGram, out, x uint64) error {
	t := g.OutH() * g.OutW()
	return addOf(p, "windowgram", p.storedAt(x), across(g.N*g.C*t*t), window(g.Window, out, x, 0))
}

func (p *planner) pixelGram(g kernels.PixelGram, out, k uint64) error {
	pixels := g.H * g.W
	return addOf(p, "pixelgram", p.storedAt(k), across(g.N*g.C*pixels*pixels), window(g.Window, out, k, 0))
}

func (p *planner) pooling(op kernels.Primitive, out uint64, in []uint64) error {
	switch op := op.(type) {
	case kernels.MaxIndex:
		return p.maxPool(op, 0, out, in[0])
	case kernels.MaxGather:
		return addOf(p, "maxgather", p.storedAt(out), across(pooled(op.Window)), window(op.Window, out, in[0], in[1]))
	case kernels.MaxScatter:
		w := op.Window
		if w.KH == w.StrideH && w.KW == w.StrideW && w.PadH == 0 && w.PadW == 0 {
			return addOf(p, "maxspread", p.storedAt(out), across(w.N*w.C*ceil(w.H, w.KH)*ceil(w.W, w.KW)), window(w, out, in[0], in[1]))
		}
		return addOf(p, "maxscatter", p.storedAt(out), across(image(w)), window(w, out, in[0], in[1]))
	case kernels.AvgPool:
		return addOf(p, "avgpool", p.storedAt(out), across(pooled(op.Window)), window(op.Window, out, in[0], 0))
	default:
		w := op.(kernels.AvgUnpool).Window
		return addOf(p, "avgunpool", p.storedAt(out), across(image(w)), window(w, out, in[0], 0))
	}
}

// maxPool finds the places of the largest elements, and the elements too where out is not 0.
func (p *planner) maxPool(m kernels.MaxIndex, out, index, x uint64) error {
	return addOf(p, "maxpool", p.storedAt(x), across(pooled(m.Window)), window(m.Window, out, x, index))
}

// maxPooling plans a MaxIndex together with the MaxGather behind it that takes the same images at the places found: one look at the
// images in place of two. done says that the calls begin with such a pair.
func (p *planner) maxPooling(calls []kernels.Call) (done bool, err error) {
	if len(calls) < 2 {
		return false, nil
	}
	m, ok := calls[0].Op.(kernels.MaxIndex)
	if !ok || calls[1].Op != kernels.MaxGather(m) {
		return false, nil
	}
	x, index := addresses(calls[0].In)[0], addresses(calls[0].Out)[0]
	in, out := addresses(calls[1].In), addresses(calls[1].Out)[0]
	if in[0] != x || in[1] != index {
		return false, nil
	}
	return true, p.maxPool(m, out, index, x)
}

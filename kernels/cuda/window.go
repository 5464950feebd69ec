//go:build gpu

package cuda

import "drift/kernels"

// windowArgs is the struct of ptx/window.cuh.
type windowArgs struct {
	Out, X, Index                              uint64
	N, C, H, W, KH, KW, SH, SW, PH, PW, OH, OW uint32
}

func window(w kernels.Window, out, x, index uint64) windowArgs {
	return windowArgs{
		Out: out, X: x, Index: index,
		N: uint32(w.N), C: uint32(w.C), H: uint32(w.H), W: uint32(w.W), KH: uint32(w.KH), KW: uint32(w.KW),
		SH: uint32(w.StrideH), SW: uint32(w.StrideW), PH: uint32(w.PadH), PW: uint32(w.PadW),
		OH: uint32(w.OutH()), OW: uint32(w.OutW()),
	}
}

func image(w kernels.Window) int   { return w.N * w.C * w.H * w.W }
func pooled(w kernels.Window) int  { return w.N * w.C * w.OutH() * w.OutW() }
func columns(w kernels.Window) int { return w.N * w.OutH() * w.OutW() * w.C * w.KH * w.KW }

func (p *planner) im2col(w kernels.Window, out, x uint64) error {
	return add(p, "im2col", across(columns(w)), window(w, out, x, 0))
}

func (p *planner) col2im(w kernels.Window, out, u uint64) error {
	return add(p, "col2im", across(image(w)), window(w, out, u, 0))
}

func (p *planner) pooling(op kernels.Primitive, out uint64, in []uint64) error {
	switch op := op.(type) {
	case kernels.MaxIndex:
		return add(p, "maxindex", across(pooled(op.Window)), window(op.Window, out, in[0], 0))
	case kernels.MaxGather:
		return add(p, "maxgather", across(pooled(op.Window)), window(op.Window, out, in[0], in[1]))
	case kernels.MaxScatter:
		w := op.Window
		if w.KH == w.StrideH && w.KW == w.StrideW && w.PadH == 0 && w.PadW == 0 {
			return add(p, "maxspread", across(w.N*w.C*ceil(w.H, w.KH)*ceil(w.W, w.KW)), window(w, out, in[0], in[1]))
		}
		return add(p, "maxscatter", across(image(w)), window(w, out, in[0], in[1]))
	case kernels.AvgPool:
		return add(p, "avgpool", across(pooled(op.Window)), window(op.Window, out, in[0], 0))
	default:
		w := op.(kernels.AvgUnpool).Window
		return add(p, "avgunpool", across(image(w)), window(w, out, in[0], 0))
	}
}

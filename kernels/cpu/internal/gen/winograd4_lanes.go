package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// alongChannels emits a transform in one direction of vectors that run along channels.
func (w winograd4) alongChannels(name, what string, out int, t transform) {
	w.declare(name, fmt.Sprintf("is v[i·vRowStride+p·vStride+c] = %s[p], p < %d, for the %d lines x[i·xRowStride+q·xStride+c], i < rows, c < count.", what, out, t.in),
		"v, x *float32", "rows, count, vRowStride, vStride, xRowStride, xStride")
	v, x, left, rows := reg.RDI, reg.RSI, reg.RAX, reg.R11
	to, vAt := strides{reg.RCX, reg.RDX, reg.RBX}, reg.R13
	from, xAt := strides{reg.R8, reg.R9, reg.R10}, reg.R12
	w.factors(t)
	w.take("count", reg.R8)
	w.ANDQ(operand.U8(w.lanes()-1), reg.R8)
	w.mask(reg.R8, w.lastMask())
	w.take("v", v)
	w.take("x", x)
	w.take("rows", rows)
	w.take("vStride", to.one)
	w.strides(to)
	w.take("xStride", from.one)
	w.strides(from)
	w.take("vRowStride", reg.R14)
	w.take("xRowStride", reg.R15)
	in, results, spare := w.line(0, t.in), w.line(6, out), w.line(12, 2)
	w.Label("row")
	w.MOVQ(v, vAt)
	w.MOVQ(x, xAt)
	w.take("count", left)
	w.SHRQ(operand.U8(pick(w.wide, 4, 3)), left)
	w.JEQ(operand.LabelRef("rest"))
	w.Label("vector")
	for q := range in {
		w.VMOVUPS(from.nth(xAt, q), in[q])
	}
	t.emit(in, results, spare)
	for p := range results {
		w.VMOVUPS(results[p], to.nth(vAt, p))
	}
	w.ADDQ(operand.U8(w.bytes()), xAt)
	w.ADDQ(operand.U8(w.bytes()), vAt)
	w.DECQ(left)
	w.JNE(operand.LabelRef("vector"))
	w.Label("rest")
	w.unlessRest(reg.K1, "count", "next")
	for q := range in {
		w.maskedLoad(from.nth(xAt, q), w.lastMask(), in[q])
	}
	t.emit(in, results, spare)
	for p := range results {
		w.maskedStore(results[p], w.lastMask(), to.nth(vAt, p))
	}
	w.Label("next")
	w.ADDQ(reg.R14, v)
	w.ADDQ(reg.R15, x)
	w.DECQ(rows)
	w.JNE(operand.LabelRef("row"))
	w.VZEROUPPER()
	w.RET()
}

// collect is y = Aᵀ x.
func (w winograd4) collect() transform {
	return transform{in: 6, emit: func(x, y, spare line) {
		w.gather(x, func(j int) reg.VecPhysical { return y[j] }, spare[0], spare[1])
	}}
}

package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// kernelsByEight emits G k Gᵀ for AVX2: elements of eight kernels wait in memory, from which the rows of G k are made one pair after another.
func (w winograd4) kernelsByEight(turned bool) {
	u, k, step, stride, left, lanes := reg.RDI, reg.RSI, reg.RDX, reg.R8, reg.R11, reg.RBX
	uAt, kAt := reg.R12, reg.R13
	elements := w.AllocLocal(9 * w.bytes())
	element := func(e int) operand.Mem { return elements.Offset(e * w.bytes()) }
	w.take("u", u)
	w.take("k", k)
	w.take("step", step)
	w.take("kernelStride", stride)
	w.take("inputs", left)
	w.Label("input")
	w.MOVQ(u, uAt)
	w.MOVQ(k, kAt)
	w.take("count", lanes)
	w.SUBQ(operand.U8(8), lanes)
	w.JLT(operand.LabelRef("rest"))
	w.Label("eight")
	w.loadEight(kAt, stride, element)
	w.transformEight(uAt, step, turned, element, func(v operand.Op, to operand.Mem) { w.VMOVUPS(v, to) })
	w.ADDQ(operand.U8(32), uAt)
	w.LEAQ(operand.Mem{Base: kAt, Index: stride, Scale: 4}, kAt) // of which loadEight did the other half
	w.SUBQ(operand.U8(8), lanes)
	w.JGE(operand.LabelRef("eight"))
	w.Label("rest")
	w.ADDQ(operand.U8(8), lanes)
	w.JEQ(operand.LabelRef("next"))
	w.mask(lanes, w.lastMask())
	w.gatherEight(kAt, stride, element)
	w.transformEight(uAt, step, turned, element, func(v operand.Op, to operand.Mem) { w.maskedStore(v, w.lastMask(), to) })
	w.Label("next")
	w.take("uStride", uAt)
	w.ADDQ(uAt, u)
	w.take("inputStride", kAt)
	w.ADDQ(kAt, k)
	w.DECQ(left)
	w.JNE(operand.LabelRef("input"))
	w.VZEROUPPER()
	w.RET()
}

// loadEight puts the elements of eight kernels into vectors in memory. Four elements of a kernel are loaded at once: 0 … 3, 4 … 7 and, for the
// last one, 5 … 8. It moves on by four kernels.
func (w winograd4) loadEight(k, stride reg.GPPhysical, element func(int) operand.Mem) {
	taps, last, spare := w.line(0, 8), w.line(8, 4), w.line(12, 4)
	for i := range 4 {
		for _, v := range []struct {
			e  int
			to reg.VecPhysical
		}{{0, taps[i]}, {4, taps[4+i]}, {5, last[i]}} {
			w.VMOVUPS(operand.Mem{Base: k, Disp: 4 * v.e}, v.to.AsX())
			w.VINSERTF128(operand.U8(1), operand.Mem{Base: k, Index: stride, Scale: 4, Disp: 4 * v.e}, v.to, v.to)
		}
		w.ADDQ(stride, k)
	}
	for i := range 2 {
		w.squares(taps[4*i:4*i+4], spare)
	}
	w.VUNPCKHPS(last[1], last[0], last[0])
	w.VUNPCKHPS(last[3], last[2], last[2])
	w.VUNPCKHPD(last[2], last[0], last[0])
	for e, x := range slices.Concat(taps, last[:1]) {
		w.VMOVUPS(x, element(e))
	}
}

// gatherEight is loadEight for less than eight kernels, as the mask says.
func (w winograd4) gatherEight(k, stride reg.GPPhysical, element func(int) operand.Mem) {
	offsets, mask, x := w.vec(0), w.vec(1), w.vec(2)
	w.VMOVD(stride.As32(), offsets.AsX())
	w.VPBROADCASTD(offsets.AsX(), offsets)
	w.VPMULLD(order("lane", 0), offsets, offsets)
	for e := range 9 {
		w.copy(w.lastMask(), mask)
		w.zero(x)
		w.VGATHERDPS(mask, operand.Mem{Base: k, Index: offsets, Scale: 1, Disp: e * w.size()}, x)
		w.VMOVUPS(x, element(e))
	}
}

// transformEight emits the transform of elements in memory and stores all places, each as soon as it is known.
func (w winograd4) transformEight(u, step reg.GPPhysical, turned bool, element func(int) operand.Mem, store func(v operand.Op, to operand.Mem)) {
	zero, ofA, ofB := divisors()
	plus, minus, spare := w.vec(6), w.vec(7), w.line(8, 2)
	held := w.holding([]float64{1 / ofA, a * a / ofA, a / ofA, 1 / ofB, b / ofB}, w.line(10, 5))
	w.MOVQ(u, reg.R10)
	put := func(v operand.Op) {
		store(v, operand.Mem{Base: reg.R10})
		w.ADDQ(step, reg.R10)
	}
	row := func(x line) {
		w.times(x[0], 1/zero, plus)
		put(plus)
		for i := range 2 {
			held.kernelPair(x, i, plus, minus, spare)
			put(plus)
			put(minus)
		}
		put(x[2])
	}
	tap := func(i, j int) operand.Mem { return element(pick(turned, 8-3*i-j, 3*i+j)) }
	first, second := w.line(0, 3), w.line(3, 3)
	for j, x := range first {
		w.VMOVUPS(tap(0, j), x)
		w.times(x, 1/zero, x)
	}
	row(first)
	for i := range 2 {
		for j := range 3 {
			x := line{plus, minus, second[j]}
			for r := range x {
				w.VMOVUPS(tap(r, j), x[r])
			}
			held.kernelPair(x, i, first[j], second[j], spare)
		}
		row(first)
		row(second)
	}
	for j, x := range first {
		w.VMOVUPS(tap(2, j), x)
	}
	row(first)
}

// gradientsByEight emits k̄ = Gᵀ p G for AVX2: of eight kernels, columns of three elements wait in memory for the rows, as do the elements of less
// than eight kernels for their copy.
func (w winograd4) gradientsByEight() {
	k, p, step, lanes := reg.RDI, reg.RSI, reg.RDX, reg.RBX
	six := strides{reg.R8, reg.R9, reg.R10}
	columns := w.AllocLocal(18 * w.bytes())
	column := func(j, q int) operand.Mem { return columns.Offset((6*j + q) * w.bytes()) }
	w.take("k", k)
	w.take("p", p)
	w.take("step", step)
	w.take("count", lanes)
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, six.one)
	w.SHLQ(operand.U8(1), six.one) // to the next row
	w.strides(six)
	w.SUBQ(operand.U8(8), lanes)
	w.JLT(operand.LabelRef("rest"))
	w.Label("eight")
	w.holding(gradientFactors(), w.line(8, 7)).gradientColumns(p, step, six, column, w.move)
	w.storeEight(w.gradientTaps(column), func(i int) operand.Mem { return operand.Mem{Base: k, Disp: w.bytes() * i} })
	w.ADDQ(operand.U32(8*9*w.size()), k)
	w.ADDQ(operand.U8(32), p)
	w.SUBQ(operand.U8(8), lanes)
	w.JGE(operand.LabelRef("eight"))
	w.Label("rest")
	w.ADDQ(operand.U8(8), lanes)
	w.JEQ(operand.LabelRef("done"))
	w.mask(lanes, w.lastMask())
	w.gradientColumns(p, step, six, column, func(from, to operand.Op) { w.maskedLoad(from, w.lastMask(), to) })
	w.storeEight(w.gradientTaps(column), func(i int) operand.Mem { return columns.Offset(w.bytes() * i) })
	w.LEAQ(columns, p)
	w.LEAQ(operand.Mem{Base: lanes, Index: lanes, Scale: 8}, lanes)
	w.Label("element")
	w.MOVL(operand.Mem{Base: p, Index: lanes, Scale: 4, Disp: -4}, reg.EAX)
	w.MOVL(reg.EAX, operand.Mem{Base: k, Index: lanes, Scale: 4, Disp: -4})
	w.DECQ(lanes)
	w.JNE(operand.LabelRef("element"))
	w.Label("done")
	w.VZEROUPPER()
	w.RET()
}

// gradientColumns puts Gᵀ p of eight kernels into memory.
func (w winograd4) gradientColumns(p, step reg.GPPhysical, six strides, column func(j, q int) operand.Mem, load func(from, to operand.Op)) {
	w.MOVQ(p, reg.R11)
	for q := range 6 {
		w.gradientColumn(func(r int) operand.Mem { return six.nth(reg.R11, r) }, func(j int) operand.Mem { return column(j, q) }, load)
		if q < 5 {
			w.ADDQ(step, reg.R11)
		}
	}
}

// gradientColumn puts Gᵀ x into memory. It takes the first eight registers.
func (w winograd4) gradientColumn(x, to func(i int) operand.Mem, load func(from, to operand.Op)) {
	for j, v := range w.gradientByEight(x, w.line(0, 8), load) {
		w.VMOVUPS(v, to(j))
	}
}

// gradientByEight is Gᵀ x for x in memory, in some of eight registers that are free.
func (w winograd4) gradientByEight(x func(i int) operand.Mem, free line, load func(from, to operand.Op)) line {
	in, sumA, sumB := free[:6], free[6], free[7]
	for i, v := range in {
		load(x(i), v)
	}
	k := line{in[2], in[0], in[5]}
	w.gradient(in, line{sumA, sumB, in[1], in[3], in[0], sumA}, func(j int) reg.VecPhysical { return k[j] })
	return k
}

// gradientTaps is the elements of the gradients of eight kernels, whose columns lie in memory. It leaves the last two registers alone.
func (w winograd4) gradientTaps(column func(j, q int) operand.Mem) (taps line) {
	for j := range 3 {
		row := w.gradientByEight(func(q int) operand.Mem { return column(j, q) }, w.without(taps), w.move)
		taps = append(taps, row...)
	}
	return taps
}

// without is the vectors but those in use.
func (w winograd4) without(used line) (free line) {
	for _, v := range w.line(0, 16) {
		if !slices.Contains(used, v) {
			free = append(free, v)
		}
	}
	return free
}

// storeEight writes the elements of eight kernels, given by their places in these, as nine vectors. The halves of a vector u are four elements of
// the first four kernels and of the last four.
func (w winograd4) storeEight(taps line, to func(vector int) operand.Mem) {
	free := w.without(taps)
	for i := range 2 {
		w.squares(taps[4*i:4*i+4], free)
	}
	x, y, last := taps[:4], taps[4:8], taps[8] // elements 0 … 3, 4 … 7 and 8 of a kernel of each half
	pair := func(half int, u, next reg.VecPhysical, vector int) {
		w.VPERM2F128(operand.U8(pick(half == 0, 0x20, 0x31)), next, u, free[3])
		w.VMOVUPS(free[3], to(vector))
	}
	withLast := func(kernel int, u reg.VecPhysical) { w.VBLENDPS(operand.U8(0x11<<kernel), last, u, u) }
	pair(0, x[0], y[0], 0)
	w.VPERMILPS(operand.U8(0x93), x[1], free[0])
	withLast(0, free[0])
	pair(1, y[0], free[0], 5)
	w.VPALIGNR(operand.U8(12), x[1], y[1], free[1])
	pair(0, free[0], free[1], 1)
	w.VSHUFPS(operand.U8(0x4f), x[2], y[1], free[2])
	withLast(1, free[2])
	pair(1, free[1], free[2], 6)
	w.VSHUFPS(operand.U8(0x4e), y[2], x[2], free[0])
	pair(0, free[2], free[0], 2)
	w.VSHUFPS(operand.U8(0x0e), x[3], y[2], free[1])
	withLast(2, free[1])
	pair(1, free[0], free[1], 7)
	w.VPALIGNR(operand.U8(4), x[3], y[3], free[2])
	pair(0, free[1], free[2], 3)
	w.VPERMILPS(operand.U8(0x39), y[3], free[0])
	withLast(3, free[0])
	pair(1, free[2], free[0], 8)
	w.VBLENDPS(operand.U8(0xf0), x[0], free[0], free[0])
	w.VMOVUPS(free[0], to(4))
}

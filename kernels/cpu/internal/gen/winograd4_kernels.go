package main

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// laneOffsets puts 0, stride, 2·stride, … in bytes into the last register.
func (w winograd4) laneOffsets(stride operand.Op) {
	w.VPBROADCASTD(stride, zmm[30])
	w.VPMULLD(order("lane", 0), zmm[30], zmm[31])
}

// element is element e of the kernels of all lanes.
func (w winograd4) element(base reg.GPPhysical, e int) operand.Mem {
	return operand.Mem{Base: base, Index: zmm[31], Scale: 1, Disp: e * w.size()}
}

// sixteen are the places of four elements, from element e on, of the kernels that four blocks of lanes begin with: one in four of 16.
func (w winograd4) sixteen(base, stride, stride3 reg.GPPhysical, e int) (at [4]operand.Mem) {
	at = [4]operand.Mem{{Base: base}, {Base: base, Index: stride, Scale: 4}, {Base: base, Index: stride, Scale: 8}, {Base: base, Index: stride3, Scale: 4}}
	for b := range at {
		at[b].Disp = e * w.size()
	}
	return at
}

// squares transposes the four rows of each block of lanes, in place, with four spare registers.
func (w winograd4) squares(x, spare line) {
	w.VUNPCKLPS(x[1], x[0], spare[0])
	w.VUNPCKHPS(x[1], x[0], spare[1])
	w.VUNPCKLPS(x[3], x[2], spare[2])
	w.VUNPCKHPS(x[3], x[2], spare[3])
	for i := range 2 {
		w.VUNPCKLPD(spare[2+i], spare[i], x[2*i])
		w.VUNPCKHPD(spare[2+i], spare[i], x[2*i+1])
	}
}

// divisors are the products of the distances of 0, ±A and ±B to the other points.
func divisors() (zero, ofA, ofB float64) {
	return a * a * b * b, 2 * a * a * (a*a - b*b), 2 * b * b * (b*b - a*a)
}

// kernels emits G k Gᵀ for kernels in the lanes of vectors, or for those turned by half a circle.
func (w winograd4) kernels(name string, turned bool) {
	w.declare(name, "is u[(6p+q)·step+c·uStride+i] = (G k Gᵀ)[p,q] for kernels k[c·inputStride+i·kernelStride…]"+
		pick(turned, " turned by half a circle", "")+", c < inputs, i < count ≤ 16.",
		"u, k *float32", "uStride, inputStride, kernelStride, inputs, count, step")
	if w.wide {
		w.kernelsBySixteen(turned)
	} else {
		w.kernelsByEight(turned)
	}
}

func (w winograd4) kernelsBySixteen(turned bool) {
	u, k, step, stride, at, left := reg.RDI, reg.RSI, reg.RDX, reg.R8, reg.R10, reg.R11
	w.take("u", u)
	w.take("k", k)
	w.take("step", step)
	w.take("kernelStride", stride)
	w.take("inputs", left)
	w.take("count", reg.RBX)
	w.mask(reg.RBX, reg.K1)
	w.laneOffsets(stride.As32())
	taps := w.line(18, 9)
	w.Label("input")
	w.CMPQ(reg.RBX, operand.U8(16))
	w.JEQ(operand.LabelRef("all"))
	for e, x := range taps {
		w.KMOVW(reg.K1, reg.K2)
		w.zero(x)
		w.VGATHERDPS(w.element(k, e), reg.K2, x)
	}
	w.JMP(operand.LabelRef("transform"))
	w.Label("all")
	w.MOVQ(k, at)
	w.loadAll(at, stride, taps)
	w.Label("transform")
	rows := func(p, j int) reg.VecPhysical { return zmm[3*p+j] }
	for j := range 3 {
		var x line
		for i := range 3 {
			x = append(x, taps[pick(turned, 8-3*i-j, 3*i+j)])
		}
		w.kernel(x, func(p int) reg.VecPhysical { return rows(p, j) }, zmm[28:30])
	}
	w.MOVQ(u, at)
	for p := range 6 {
		v := w.line(18, 6)
		w.kernel(w.line(3*p, 3), func(q int) reg.VecPhysical { return v[q] }, zmm[28:30])
		for q := range 6 {
			w.VMOVUPS(v[q], reg.K1, operand.Mem{Base: at})
			w.ADDQ(step, at)
		}
	}
	w.take("uStride", at)
	w.ADDQ(at, u)
	w.take("inputStride", at)
	w.ADDQ(at, k)
	w.DECQ(left)
	w.JNE(operand.LabelRef("input"))
	w.VZEROUPPER()
	w.RET()
}

// loadAll puts the elements of 16 kernels into vectors, with the registers below 12 as spare ones. Four elements of a kernel are loaded at
// once: 0 … 3, 4 … 7 and, for the last one, 5 … 8.
func (w winograd4) loadAll(k, stride reg.GPPhysical, taps line) {
	w.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, reg.R9)
	last := w.line(0, 4)
	for i := range 4 {
		for _, v := range []struct {
			e  int
			to reg.VecPhysical
		}{{0, taps[i]}, {4, taps[4+i]}, {5, last[i]}} {
			at := w.sixteen(k, stride, reg.R9, v.e)
			w.VMOVUPS(at[0], v.to.AsX())
			for b := 1; b < 4; b++ {
				w.VINSERTF32X4(operand.U8(b), at[b], v.to, v.to)
			}
		}
		if i < 3 {
			w.ADDQ(stride, k)
		}
	}
	w.squares(taps[:4], w.line(4, 4))
	w.squares(taps[4:8], w.line(8, 4))
	w.VUNPCKHPS(last[1], last[0], last[0])
	w.VUNPCKHPS(last[3], last[2], last[2])
	w.VUNPCKHPD(last[2], last[0], taps[8])
}

// kernel is u = G x, with two spare registers.
func (w winograd4) kernel(x line, u func(int) reg.VecPhysical, spare line) {
	zero, _, _ := divisors()
	w.times(x[0], 1/zero, u(0))
	for i := range 2 {
		w.kernelPair(x, i, u(1+2*i), u(2+2*i), spare)
	}
	w.copy(x[2], u(5))
}

// kernelPair is the two elements of G x for ±a, or for ±b.
func (w winograd4) kernelPair(x line, i int, plus, minus reg.VecPhysical, spare line) {
	_, ofA, ofB := divisors()
	at, divisor := pick(i == 0, a, b), pick(i == 0, ofA, ofB)
	even, odd := spare[0], spare[1]
	w.times(x[0], 1/divisor, even)
	w.plus(x[2], at*at/divisor, even)
	w.times(x[1], at/divisor, odd)
	w.add(even, odd, plus)
	w.sub(even, odd, minus)
}

// gradients emits k̄ = Gᵀ p G for kernels in the lanes of vectors.
func (w winograd4) gradients() {
	w.declare("gradients", "is k[9i+3j+l] = (Gᵀ p G)[j,l] for p[r,q] = p[(6r+q)·step+i], i < count ≤ 16.", "k, p *float32", "count, step")
	if w.wide {
		w.gradientsBySixteen()
	} else {
		w.gradientsByEight()
	}
}

func (w winograd4) gradientsBySixteen() {
	k, p, step, lanes := reg.RDI, reg.RSI, reg.RDX, reg.RBX
	w.take("k", k)
	w.take("p", p)
	w.take("step", step)
	w.take("count", lanes)
	w.mask(lanes, reg.K1)
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, reg.R8)
	w.SHLQ(operand.U8(1), reg.R8) // to the next row
	for q := range 6 {
		x := w.line(18, 6)
		w.MOVQ(p, reg.R9)
		for r := range 6 {
			w.VMOVUPS_Z(operand.Mem{Base: reg.R9}, reg.K1, x[r])
			w.ADDQ(reg.R8, reg.R9)
		}
		w.ADDQ(step, p)
		w.gradient(x, zmm[24:30], func(j int) reg.VecPhysical { return zmm[6*j+q] })
	}
	taps := slices.Concat(w.line(18, 6), w.line(0, 3)) // the last row replaces what the first was made of
	for j := range 3 {
		w.gradient(w.line(6*j, 6), zmm[24:30], func(l int) reg.VecPhysical { return taps[3*j+l] })
	}
	w.MOVQ(operand.U32(9*w.size()), reg.R8)
	w.CMPQ(lanes, operand.U8(16))
	w.JEQ(operand.LabelRef("all"))
	w.laneOffsets(reg.R8L)
	for e, x := range taps {
		w.KMOVW(reg.K1, reg.K2)
		w.VSCATTERDPS(x, reg.K2, w.element(k, e))
	}
	w.VZEROUPPER()
	w.RET()
	w.Label("all")
	w.storeAll(taps, w.line(3, 12), func(i int, v operand.Op) { w.VMOVUPS(v, operand.Mem{Base: k, Disp: 64 * i}) })
	w.VZEROUPPER()
	w.RET()
}

// storeAll writes the elements of 16 kernels, given by their places in these, with 12 spare registers: store is called for each 16 elements.
func (w winograd4) storeAll(taps, spare line, store func(vector int, from operand.Op)) {
	fours := spare[:8] // places 4i … 4i+3 of kernels 4j … 4j+3 are in fours[4i+j]
	for i := range 2 {
		four, pairs := taps[4*i:4*i+4], spare[8:12]
		for half := range 2 {
			for t := range 2 {
				w.permuted(four[2*t], four[2*t+1], order("pairs", half), pairs[2*half+t])
			}
		}
		for j := range 4 {
			w.permuted(pairs[j/2*2], pairs[j/2*2+1], order("joined", j%2), fours[4*i+j])
		}
	}
	for j, steps := range storeSteps {
		sources := slices.Concat(fours, taps[8:])
		to := spare[8+j%2]
		for i, source := range steps[1:] {
			from := sources[steps[0]]
			if i > 0 {
				from = to
				to = spare[10+i%2]
			}
			w.permuted(from, sources[source], order(fmt.Sprintf("stored%d_", j), i), to)
		}
		store(j, to)
	}
}

// permuted is to = the elements of x and y that the indices in memory say.
func (w winograd4) permuted(x, y, indices, to operand.Op) {
	w.VMOVUPS(indices, to)
	w.VPERMI2PS(y, x, to)
}

// storeSource is the vector of storeAll that holds an element of 16 kernels, and where.
func storeSource(element int) (source, at int) {
	kernel, place := element/9, element%9
	if place == 8 {
		return 8, kernel
	}
	return place/4*4 + kernel/4, kernel%4*4 + place%4
}

// storeSteps are the vectors of which each vector of elements is put together.
var storeSteps = func() (steps [9][]int) {
	for e := range 9 * 16 {
		if source, _ := storeSource(e); !slices.Contains(steps[e/16], source) {
			steps[e/16] = append(steps[e/16], source)
		}
	}
	return steps
}()

// storeOrder is the index in step i of element lane of vector j: of what has been put together, or 16 on in the vector that is added.
func storeOrder(j, i, lane int) int {
	source, at := storeSource(16*j + lane)
	switch n := slices.Index(storeSteps[j], source); {
	case n == i+1:
		return 16 + at
	case i == 0:
		return at
	}
	return lane
}

// gradientFactors are the factors of Gᵀ, of which gradient uses each once.
func gradientFactors() []float64 {
	zero, ofA, ofB := divisors()
	return []float64{1 / zero, 1 / ofA, 1 / ofB, a * a / ofA, b * b / ofB, a / ofA, b / ofB}
}

// gradient is k = Gᵀ x, of which results may take the place of x, with six spare registers. The third to the fifth of these may be x[1], x[3] and
// x[0], and the last one the first; then k(0) is neither of x[0], x[1] and x[3], and k(1) may be x[0].
func (w winograd4) gradient(x, spare line, k func(int) reg.VecPhysical) {
	zero, ofA, ofB := divisors()
	sumA, sumB, difA, difB := spare[0], spare[1], spare[2], spare[3]
	w.add(x[1], x[2], sumA)
	w.add(x[3], x[4], sumB)
	w.sub(x[1], x[2], difA)
	w.sub(x[3], x[4], difB)
	first, last := spare[4], spare[5]
	w.times(x[0], 1/zero, first)
	w.plus(sumA, 1/ofA, first)
	w.plus(sumB, 1/ofB, first)
	w.times(sumA, a*a/ofA, last)
	w.plus(sumB, b*b/ofB, last)
	w.add(x[5], last, k(2))
	w.copy(first, k(0))
	w.times(difA, a/ofA, first)
	w.plus(difB, b/ofB, first)
	if k(1) != first {
		w.copy(first, k(1))
	}
}

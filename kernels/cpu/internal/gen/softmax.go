package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// softmax emits the softmax of scores of which m is the largest. In the lanes beyond the last element, e^(x−m) may be anything.
func softmax(b body) {
	b.begin("softmax", "func(x *T, n, all int, m T) T",
		"is x ← e^(x−m)/Σ e^(x−m) for n elements, and 0 for the others of all, whole vectors. It returns the sum.", "x")
	m, zero := b.new(), b.copy(b.constant(0))
	sum := b.copy(zero)
	b.broadcast(b.arg("m"), m)
	b.loop(func(a access) {
		e := a.keep(b.exp(b.sub(a.load("x"), m)), zero)
		b.move(e, b.at("x"))
		b.of(b.VADDPD, b.VADDPS)(e, sum, sum)
	})
	b.everywhere(sum)
	b.setResult(sum)
	factor := b.div(b.constant(1), sum)
	b.restart()
	b.pass("scale_", func(a access) { b.move(a.keep(b.mul(factor, a.load("x")), zero), b.at("x")) })
	b.fill(zero, "x")
}

// slope emits the derivative of a softmax along y. In the lanes beyond the last element, e^(x−l) may be anything.
func slope(b body) {
	b.begin("slope", "func(x, y *T, n, all int, l T)",
		"is x ← p = e^(x−l), y ← p·(y − Σ p·y) for n elements, and 0 for the others of all, whole vectors.", "x", "y")
	l, zero := b.new(), b.copy(b.constant(0))
	sum := b.copy(zero)
	b.broadcast(b.arg("l"), l)
	b.loop(func(a access) {
		y := a.load("y")
		p := a.keep(b.exp(b.sub(a.load("x"), l)), zero)
		y = b.mul(p, y)
		b.move(p, b.at("x"))
		b.move(y, b.at("y"))
		b.of(b.VADDPD, b.VADDPS)(y, sum, sum)
	})
	b.everywhere(sum)
	b.restart()
	b.pass("centre_", func(a access) { b.move(a.keep(b.fnma(a.load("x"), sum, a.load("y")), zero), b.at("y")) })
	b.fill(zero, "x", "y")
}

// curve emits the derivatives of second order of a softmax. The lanes beyond the last element are zeros.
func curve(b body) {
	b.begin("curve", "func(p, s, d, t *T, n, all int)",
		"is d ← p·e, t ← u − p·Σ u with e = d − Σ p·d and u = s·e + p·t for n elements, and 0 for the others of all, whole vectors.",
		"p", "s", "d", "t")
	zero := b.copy(b.constant(0))
	sum, change := b.copy(zero), b.copy(zero)
	add := b.of(b.VADDPD, b.VADDPS)
	b.loop(func(a access) { add(b.mul(a.load("p"), a.load("d")), sum, sum) })
	b.everywhere(sum)
	b.restart()
	b.pass("change_", func(a access) {
		p, e := a.load("p"), b.sub(a.load("d"), sum)
		u := a.keep(b.fma(a.load("s"), e, b.mul(p, a.load("t"))), zero)
		b.move(a.keep(b.mul(p, e), zero), b.at("d"))
		b.move(u, b.at("t"))
		add(u, change, change)
	})
	b.everywhere(change)
	b.restart()
	b.pass("centre_", func(a access) { b.move(a.keep(b.fnma(a.load("p"), change, a.load("t")), zero), b.at("t")) })
	b.fill(zero, "d", "t")
}

// everywhere puts the sum of all lanes of v into each.
func (b body) everywhere(v reg.VecVirtual) {
	b.lanesTo(v, b.of(b.VADDPD, b.VADDPS))
	b.broadcast(v.AsX(), v)
}

// fill stores zero behind the last vector that has one of n elements, and returns.
func (b body) fill(zero operand.Op, names ...string) {
	b.Load(b.Param("n"), place)
	b.ADDQ(operand.U8(b.lanes()-1), place)
	b.ANDQ(operand.I8(-b.lanes()), place)
	b.Load(b.Param("all"), leftover)
	b.SUBQ(place, leftover)
	b.JLE(operand.LabelRef("filled"))
	b.SHLQ(b.shift(), place)
	b.Label("fill")
	for _, name := range names {
		b.move(zero, b.at(name))
	}
	b.ADDQ(operand.U8(b.bytes()), place)
	b.SUBQ(operand.U8(b.lanes()), leftover)
	b.JG(operand.LabelRef("fill"))
	b.Label("filled")
	b.VZEROUPPER()
	b.RET()
}

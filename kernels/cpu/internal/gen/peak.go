package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// chains is the number of running sums of the loops that do nothing but fused multiply-adds: more than the latency of one times the
// number that begin in a cycle, on every processor.
func (s isa) chains() int { return pick(s.wide, 24, 12) }

const neonChains = 24

func peakDoc(chains int) string {
	return fmt.Sprintf("adds x·y to each lane of %d vectors, n ≥ 1 times.", chains)
}

// peaks emits loops of fused multiply-adds that touch no memory.
func peaks(c *build.Context) {
	every(c, func(s isa) {
		name := "fma" + s.suffix()
		s.Function(name)
		s.Attributes(attr.NOSPLIT)
		s.Pragma("noescape")
		s.Doc(name + " " + peakDoc(s.chains()))
		s.SignatureExpr(fmt.Sprintf("func(n int, x, y %s)", s.goType()))
		s.Load(s.Param("n"), reg.RCX)
		x, y := s.vec(s.chains()), s.vec(s.chains()+1)
		s.broadcast(s.arg("x"), x)
		s.broadcast(s.arg("y"), y)
		for i := range s.chains() {
			s.zero(s.vec(i))
		}
		s.Label("loop")
		for i := range s.chains() {
			s.fma(x, y, s.vec(i))
		}
		s.DECQ(reg.RCX)
		s.JNE(operand.LabelRef("loop"))
		s.VZEROUPPER()
		s.RET()
	})
}

// neonPeaks is the same with NEON.
func neonPeaks(s *neon) {
	T := s.goType()
	s.function("fma", fmt.Sprintf("n int, x %s, y %s", T, T), 8+2*s.size(), peakDoc(neonChains))
	s.emit("MOVD n+0(FP), R0")
	move, lane := pick(s.f64, "FMOVD", "FMOVS"), pick(s.f64, "D", "S")
	s.emit("%s x+8(FP), F%d", move, neonChains)
	s.emit("VDUP V%d.%s[0], V%d.%s%d", neonChains, lane, neonChains, lane, s.lanes())
	s.emit("%s y+%d(FP), F%d", move, 8+s.size(), neonChains+1)
	for i := range neonChains {
		s.emit("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	s.label("loop")
	for i := range neonChains {
		s.fmla(i, neonChains, neonChains+1, 0)
	}
	s.emit("SUBS $1, R0, R0")
	s.emit("BNE loop")
	s.emit("RET")
}

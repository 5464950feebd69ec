package main

import "fmt"

// neonTile is the micro-kernel of gemm for NEON: height rows of vectors vectors of C stay in registers 0 to 23. The rest holds a line of B
// (24 to 26) and one of A (27 to 30), whose elements are factors by their lanes.
type neonTile struct {
	*neon
	height, vectors int
	partial         bool // the last vector may have fewer elements than lanes
}

const (
	neonHeight, neonVectors = 8, 3
	neonB, neonA, neonSpare = 24, 27, 31
)

func neonTiles(s *neon) {
	T := s.goType()
	s.function("tile", fmt.Sprintf("k int, a *%s, as int, b *%s, bs int, c *%s, ldc int, rows int, cols int, alpha %s, beta %s, ahead *%s, step int", T, T, T, T, T, T),
		88+2*s.size(), fmt.Sprintf("is C = alpha·A·B + beta·C for one tile: rows ≤ %d, cols ≤ %d, A[i,p] at a[p·as+i], B[p,j] at b[p·bs+j]. It asks for nothing.",
			neonHeight, neonVectors*s.lanes()))
	for i, p := range []string{"k", "a", "as", "b", "bs", "c", "ldc", "rows", "cols"} {
		s.emit("MOVD %s+%d(FP), R%d", p, 8*i, i)
	}
	for _, stride := range []int{2, 4, 6} {
		s.emit("LSL $%d, R%d", pick(s.f64, 3, 2), stride)
	}
	shapes := []neonTile{{neon: s, vectors: 3}, {neon: s, vectors: 3, partial: true}, {neon: s, vectors: 2, partial: true},
		{neon: s, vectors: 1, partial: true}}
	s.emit("CMP $%d, R8", neonVectors*s.lanes())
	s.emit("BEQ %s", shapes[0].name())
	for _, t := range shapes[1:3] {
		s.emit("CMP $%d, R8", (t.vectors-1)*s.lanes())
		s.emit("BGT %s", t.name())
	}
	for i := range shapes {
		t := shapes[len(shapes)-1-i]
		s.label(t.name())
		t.heights()
	}
}

func (t neonTile) name() string { return fmt.Sprintf("v%d%s", t.vectors, pick(t.partial, "p", "")) }

// heights emits the choice of the height and the loops of all heights.
func (t neonTile) heights() {
	if t.partial && t.vectors > 1 {
		t.emit("SUB $%d, R8", (t.vectors-1)*t.lanes())
	}
	for h := neonHeight; h > 1; h-- {
		t.emit("CMP $%d, R7", h)
		t.emit("BEQ %s_%d", t.name(), h)
	}
	for h := 1; h <= neonHeight; h++ {
		t.height = h
		t.loop()
		t.store()
	}
}

func (t neonTile) acc(i, j int) int { return i*t.vectors + j }

func (t neonTile) loop() {
	name := fmt.Sprintf("%s_%d", t.name(), t.height)
	t.label(name)
	for v := range t.height * t.vectors {
		t.emit("VEOR V%d.B16, V%d.B16, V%d.B16", v, v, v)
	}
	t.emit("CBZ R0, %s_store", name)
	t.label(name + "_loop")
	factors := t.lineOfA()
	for j := range t.vectors {
		if t.partial && j == t.vectors-1 {
			t.emit("ADD $%d, R3, R9", 16*j)
			t.some(true, "R8", "R9", neonB+j)
		} else {
			t.emit("FMOVQ %d(R3), F%d", 16*j, neonB+j)
		}
	}
	for i, f := range factors {
		for j := range t.vectors {
			t.fmla(t.acc(i, j), neonB+j, f.register, f.lane)
		}
	}
	t.emit("ADD R2, R1")
	t.emit("ADD R4, R3")
	t.emit("SUB $1, R0")
	t.emit("CBNZ R0, %s_loop", name)
	t.label(name + "_store")
}

type factor struct{ register, lane int }

// lineOfA loads an element for each row, by vectors, halves and single elements, and says where they are.
func (t neonTile) lineOfA() (factors []factor) {
	register := neonA
	for i := 0; i < t.height; register++ {
		n, load := 1, pick(t.f64, "FMOVD", "FMOVS")
		switch left := t.height - i; {
		case left >= t.lanes():
			n, load = t.lanes(), "FMOVQ"
		case left >= 2:
			n, load = 2, "FMOVD"
		}
		t.emit("%s %d(R1), F%d", load, i*t.size(), register)
		for lane := range n {
			factors = append(factors, factor{register, lane})
		}
		i += n
	}
	return factors
}

// store scales the sums by alpha and writes them, or adds beta·C; with beta = 0 it does not read C.
func (t neonTile) store() {
	name := fmt.Sprintf("%s_%d_overwrite", t.name(), t.height)
	load := pick(t.f64, "FMOVD", "FMOVS")
	t.emit("%s alpha+72(FP), F%d", load, neonSpare)
	t.emit("%s beta+%d(FP), F%d", load, 72+t.size(), neonA)
	for v := range t.height * t.vectors {
		t.fmul(v, v, neonSpare, 0)
	}
	t.emit("%s $0.0, F%d", pick(t.f64, "FCMPD", "FCMPS"), neonA)
	t.emit("BEQ %s", name)
	t.rows(true)
	t.label(name)
	t.rows(false)
}

// rows writes the tile, after adding what is there where add is set.
func (t neonTile) rows(add bool) {
	for i := range t.height {
		for j := range t.vectors {
			last := t.partial && j == t.vectors-1
			at := fmt.Sprintf("%d(R5)", 16*j)
			if add && last {
				t.emit("ADD $%d, R5, R9", 16*j)
				t.some(true, "R8", "R9", neonSpare)
			} else if add {
				t.emit("FMOVQ %s, F%d", at, neonSpare)
			}
			if add {
				t.fmla(t.acc(i, j), neonSpare, neonA, 0)
			}
			if last {
				t.emit("ADD $%d, R5, R9", 16*j)
				t.some(false, "R8", "R9", t.acc(i, j))
			} else {
				t.emit("FMOVQ F%d, %s", t.acc(i, j), at)
			}
		}
		t.emit("ADD R6, R5")
	}
	t.emit("RET")
}

package main

import (
	"slices"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// loops emits the functions of vmath at one vector size.
func loops(wide bool) func(*build.Context) {
	return func(c *build.Context) {
		for _, f64 := range []bool{false, true} {
			s := isa{c, f64, wide}
			t := newTable(s)
			for _, f := range functions {
				t.emit(func(b body) { elementwise{b, f}.emit() })
			}
			for _, f := range []func(body){sum, largest, expSum} {
				t.emit(f)
			}
			if !wide {
				for _, f := range []func(body){softmax, slope, curve} {
					t.emit(f)
				}
			}
			t.data()
		}
	}
}

// table is the memory of the constants of one element type: each pattern in all lanes of a vector.
type table struct {
	isa
	name     string
	patterns []uint64
}

func newTable(s isa) *table { return &table{isa: s, name: "constants" + s.suffix()} }

func (t *table) at(pattern uint64) operand.Mem {
	i := slices.Index(t.patterns, pattern)
	if i < 0 {
		i = len(t.patterns)
		t.patterns = append(t.patterns, pattern)
	}
	return operand.NewDataAddr(operand.NewStaticSymbol(t.name), i*t.bytes())
}

// emit runs f twice: on a context of no consequence to learn which constants it uses, and for good.
func (t *table) emit(f func(body)) {
	trial := t.isa
	trial.Context = build.NewContext()
	c := &constants{memory: t.at}
	f(body{isa: trial, constants: c})
	f(body{isa: t.isa, constants: &constants{memory: t.at, patterns: c.patterns}})
}

func (t *table) data() {
	t.StaticGlobal(t.name)
	t.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, p := range t.patterns {
		for o := 0; o < t.bytes(); o += t.size() {
			if t.f64 {
				t.AddDatum(i*t.bytes()+o, operand.U64(p))
			} else {
				t.AddDatum(i*t.bytes()+o, operand.U32(uint32(p)))
			}
		}
	}
	if !t.wide && !t.f64 {
		addMasks(t.Context)
	}
}

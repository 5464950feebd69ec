package jit

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// What has a register and what is in the table changes no bits, those of sums included.
func TestLayouts(t *testing.T) { levels(t, testLayouts[float32], testLayouts[float64]) }

func testLayouts[T kernels.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	spilled := 0
	for range 500 {
		p := random(r)
		p.F64 = unsafe.Sizeof(T(0)) == 8
		if r.IntN(3) == 0 {
			inPlace(&p)
		}
		trial := write(p, level.Active(), layout{}, nil)
		seed := r.Uint64()
		var want []uint64
		for _, l := range append(trial.layouts(), layout{spill: true, hold: r.IntN(4)}) {
			if l.spill && trial.slot() < trial.bytes() {
				continue
			}
			c := write(p, level.Active(), l, trial.constants)
			if c.failed {
				continue
			}
			if l.spill && c.cells > 0 {
				spilled++
			}
			got := results[T](t, p, c, seed)
			if want == nil {
				want = got
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%+v: word %d is %x, want %x of %+v", l, i, got[i], want[i], p)
				}
			}
		}
	}
	if level.Active() == level.AVX2 && spilled < 100 {
		t.Errorf("%d programs with values in cells", spilled)
	}
}

// results is the bits of what a program writes, NaN as one number.
func results[T kernels.Float](t *testing.T, p Program, c *compiler, seed uint64) (all []uint64) {
	t.Helper()
	f, ok := c.enter()
	if !ok {
		t.Fatal("no executable memory")
	}
	const groups = 2
	r := rand.New(rand.NewPCG(seed, 0))
	n := groups*p.Rows*(4*p.Length+2) + 20 // of any operand, at most
	table := f.Table()
	memory := make([][]T, len(p.Inputs)+len(p.Stores)+1)
	for k := range memory {
		memory[k] = make([]T, n+2*groups)
		for i := range memory[k] {
			memory[k][i] = T(r.NormFloat64())
		}
		if o := k - len(p.Inputs); p.InPlace && o >= 0 && o < min(len(p.Inputs), len(p.Stores)) {
			memory[k] = memory[o]
		}
		table[k] = uint64(uintptr(unsafe.Pointer(&memory[k][0])))
	}
	f.Run(table, groups)
	for _, m := range memory {
		for _, v := range m {
			bits := math.Float64bits(float64(v))
			if v != v {
				bits = 0
			}
			all = append(all, bits)
		}
	}
	return all
}

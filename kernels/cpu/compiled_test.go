package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// Every index of a row reads the element that the chain's access names, wherever a call begins.
func TestMotionFollowsAccess(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 3000 {
		m := randomAccesses(r)
		unit, part := 0, 0
		if divisors := divisorsOf(m.N); r.IntN(2) == 0 {
			unit = divisors[r.IntN(len(divisors))]
			if r.IntN(2) == 0 {
				part = divisorsOf(unit)[r.IntN(len(divisorsOf(unit)))]
			}
		}
		p, ok := motionOf(m, unit, part)
		if !ok {
			continue
		}
		found++
		if err := follows(m, p, unit, part); err != nil {
			t.Fatalf("%d indices in units of %d and parts of %d, %v: %v", m.N, unit, part, m.Access, err)
		}
	}
	if found < 1000 {
		t.Errorf("motions of %d chains of 3000", found)
	}
}

func divisorsOf(n int) (all []int) {
	for d := 1; d <= n; d++ {
		if n%d == 0 {
			all = append(all, d)
		}
	}
	return all
}

func randomAccesses(r *rand.Rand) kernels.Map {
	b, c, d := 1+r.IntN(6), 1+r.IntN(8), []int{1, 32, 48, 64, 256}[r.IntN(5)]
	m := kernels.Map{N: (1 + r.IntN(5)) * b * c * d}
	for range 1 + r.IntN(5) {
		all := []kernels.Access{full(m.N), {B: b, C: c, D: d}, {B: c * d, C: 1}, {B: d, C: 1}, {B: m.N, C: 1}, {B: m.N / (c * d), C: c, D: d}, {B: m.N / d, C: d},
			{B: b, C: c * d}}
		m.Access = append(m.Access, all[r.IntN(len(all))])
	}
	return m
}

func follows(m kernels.Map, p motion, unit, part int) error {
	size := p.length * p.rows
	if unit > 0 && unit%size > 0 || part > 0 && part != size {
		return fmt.Errorf("groups of %d indices", size)
	}
	groups := m.N / size
	for first := range groups {
		n := p.together(first, groups-first)
		if n < 1 {
			return fmt.Errorf("no group at %d", first)
		}
		for k, a := range m.Access {
			at := a.Element(first * size)
			for row := range n * p.rows {
				for _, i := range []int{0, p.length / 2, p.length - 1} {
					got := at
					if p.inputs[k].Vector {
						got += i
					}
					if want := a.Element(first*size + row*p.length + i); got != want {
						return fmt.Errorf("input %d, index %d of row %d from group %d on: element %d, want %d", k, i, row, first, got, want)
					}
				}
				if at += p.inputs[k].Row; (row+1)%p.rows == 0 {
					at += p.inputs[k].Group
				}
			}
		}
	}
	return nil
}

// What is compiled gives the bits of what goes function by function, on any number of threads.
func TestCompiledKeepsBits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	functions := []kernels.Fn{kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnDiv, kernels.FnScale, kernels.FnAddConst, kernels.FnRelu, kernels.FnStep,
		kernels.FnSquare, kernels.FnMax, kernels.FnGreater}
	for range 60 {
		m := randomAccesses(r)
		for range 1 + r.IntN(12) {
			n := len(m.Access) + len(m.Code)
			m.Code = append(m.Code, kernels.Instr{Fn: functions[r.IntN(len(functions))], X: uint8(r.IntN(n)), Y: uint8(r.IntN(n)), Imm: 0.75})
		}
		m.Results = []uint8{uint8(len(m.Access) + len(m.Code) - 1)}
		before := level.Set(level.Portable)
		want := runOnce(t, m, 1)
		level.Set(before)
		for _, threads := range []int{1, 3} {
			for i, got := range runOnce(t, m, threads) {
				if got != want[i] && (got == got || want[i] == want[i]) {
					t.Fatalf("%+v: element %d is %v, want %v", m, i, got, want[i])
				}
			}
		}
	}
}

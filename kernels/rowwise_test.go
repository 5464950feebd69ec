package kernels

import (
	"slices"
	"strings"
	"testing"
)

// Steps that read what is not there, or another row's, are refused.
func TestRowwiseOperands(t *testing.T) {
	full, row, column := Access{B: 1, C: 1}, Access{B: 4, C: 1}, Access{B: 3, C: 8}
	sum := Step{Op: Reduce{A: 6, B: 4, C: 1, Map: Map{N: 24, Access: []Access{full}, Results: []uint8{0}}}, In: []int{0}, Out: []int{2}}
	take := func(a Access, v int) Step {
		return Step{Op: Map{N: 24, Access: []Access{full, a}, Code: []Instr{{Fn: FnSub, X: 0, Y: 1}}, Results: []uint8{2}}, In: []int{0, v}, Out: []int{1}}
	}
	good := Rowwise{Rows: 6, In: []int{24}, Out: []int{24}, Local: []int{6}, Steps: []Step{sum, take(row, 2)}}
	if _, _, err := good.Operands(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		change func(p *Rowwise)
	}{
		{"0 rows", func(p *Rowwise) { p.Rows = 0 }},
		{"do not divide into 5 parts", func(p *Rowwise) { p.Rows = 5 }},
		{"not made in the same part", func(p *Rowwise) { p.Steps = []Step{take(row, 2), sum} }},
		{"not made in the same part", func(p *Rowwise) { p.Rows, p.Local[0] = 2, 8; p.Steps[0] = columns(); p.Steps[1] = take(column, 2) }},
		{"must be a map or a sum of rows", func(p *Rowwise) { p.Steps[0].Op = Softmax{Rows: 6, Cols: 4} }},
		{"no new value", func(p *Rowwise) { p.Steps = append(p.Steps, sum) }},
		{"no step makes value 2", func(p *Rowwise) { p.Steps = p.Steps[:0:0]; p.Steps = append(p.Steps, take(full, 0)) }},
		{"no value of 24 elements", func(p *Rowwise) { p.In[0] = 23 }},
		{"negative size", func(p *Rowwise) { p.Local[0] = -1 }},
	} {
		bad := good
		bad.In, bad.Local, bad.Steps = slices.Clone(good.In), slices.Clone(good.Local), slices.Clone(good.Steps)
		c.change(&bad)
		if _, _, err := bad.Operands(); err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("got %v, want an error about %q", err, c.what)
		}
	}
}

// columns makes 8 values, of which each of 2 parts makes half, that both read whole.
func columns() Step {
	return Step{Op: Map{N: 8, Code: []Instr{{Fn: FnConst}}, Results: []uint8{0}}, Out: []int{2}}
}

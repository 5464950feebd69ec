package kernels

import (
	"slices"
	"strings"
	"testing"
)

// centred is the sum of the rows of x [n,m], x less half of that, and twice the squares of this, added up along rows.
func centred(n, m int) Columnwise {
	full, perColumn := Access{B: 1, C: 1}, Access{B: n, C: m}
	sum := Reduce{A: 1, B: n, C: m, Map: Map{N: n * m, Access: []Access{full}, Results: []uint8{0}}}
	less := Map{N: n * m, Access: []Access{full, perColumn}, Code: []Instr{{Fn: FnScale, X: 1, Imm: 0.5}, {Fn: FnSub, X: 0, Y: 2}}, Results: []uint8{3}}
	squares := Reduce{A: n, B: m, C: 1, Map: Map{N: n * m, Access: []Access{full}, Code: []Instr{{Fn: FnSquare}, {Fn: FnScale, X: 1, Imm: 2}}, Results: []uint8{2}}}
	return Columnwise{Columns: m, In: []int{n * m}, Out: []int{m, n * m, n}, Steps: []Step{
		{Op: sum, In: []int{0}, Out: []int{1}}, {Op: less, In: []int{0, 1}, Out: []int{2}}, {Op: squares, In: []int{2}, Out: []int{3}}}}
}

// Steps that read what is not there, or another column's, are refused.
func TestColumnwiseOperands(t *testing.T) {
	if _, _, err := centred(6, 4).Operands(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		change func(p *Columnwise)
	}{
		{"0 columns", func(p *Columnwise) { p.Columns = 0 }},
		{"must be a map of 5 columns", func(p *Columnwise) { p.Columns = 5 }},
		{"must be a map of 4 columns", func(p *Columnwise) { p.Steps[0].Op = Softmax{Rows: 6, Cols: 4} }},
		{"must be a map of 4 columns", func(p *Columnwise) { p.Steps[0].Op = Reduce{A: 2, B: 3, C: 4, Map: p.Steps[0].Op.(Reduce).Map} }},
		{"must be a map of 4 columns", func(p *Columnwise) { p.Steps[0].Op = largest(p.Steps[0].Op.(Reduce)) }},
		{"not made in the same column", func(p *Columnwise) { slices.Reverse(p.Steps) }},
		{"not made in the same column", func(p *Columnwise) { // the sums along rows are complete behind the last column
			p.Out = append(p.Out, 24)
			p.Steps = append(p.Steps, Step{Op: Map{N: 24, Access: []Access{{B: 4, C: 1}}, Results: []uint8{0}}, In: []int{3}, Out: []int{4}})
		}},
		{"not made in the same column", func(p *Columnwise) { p.Steps[1].Op = shifted(p.Steps[1].Op.(Map)) }},
		{"no new value", func(p *Columnwise) { p.Steps = append(p.Steps, p.Steps[0]) }},
		{"no step makes output 2", func(p *Columnwise) { p.Steps = p.Steps[:2] }},
		{"no value of 24 elements", func(p *Columnwise) { p.In[0] = 23 }},
		{"negative size", func(p *Columnwise) { p.Out[0] = -1 }},
	} {
		bad := centred(6, 4)
		c.change(&bad)
		if _, _, err := bad.Operands(); err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("got %v, want an error about %q", err, c.what)
		}
	}
}

func largest(r Reduce) Reduce {
	r.Max = true
	return r
}

// shifted reads the sums as if each stood for a row of indices: in other columns than its own.
func shifted(m Map) Map {
	m.Access = []Access{{B: 1, C: 1}, {B: 1, C: 4, D: 6}}
	return m
}

// An output lies over an input only where all read that index by index, and none behind the step that makes the output.
func TestColumnwiseOver(t *testing.T) {
	p := centred(6, 4)
	for out, want := range []bool{false, true, false} {
		if Over(p, out, 0) != want {
			t.Errorf("output %d over the input: %v", out, !want)
		}
	}
	p.Steps[2].In[0] = 0
	if Over(p, 1, 0) {
		t.Error("an output lies over what a later step reads")
	}
}

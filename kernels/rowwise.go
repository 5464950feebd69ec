package kernels

import "fmt"

// Rowwise is maps and sums of rows that work on the same Rows equal parts of their indices and are done part by part, so that what passes
// from one to the next stays in the cache: a norm's mean, variance and result, a sum of what is stored besides. Operands are numbered, the
// inputs first, then the outputs, then the values that only pass between steps. A step may read a result of an earlier one only within the
// part that it works on. Outputs and inputs have the lengths stated, and do not share memory.
type Rowwise struct {
	Rows           int
	Out, In, Local []int // lengths
	Steps          []Step
}

// Step is one of the steps of a Rowwise, a Map or a Reduce with C = 1, or of a Columnwise, with the numbers of its operands.
type Step struct {
	Op      Primitive
	Out, In []int
}

func (Rowwise) Name() string { return "rowwise" }

// Operands checks the steps, and that what one makes is read in the part that it was made in.
func (p Rowwise) Operands() (out, in []int, err error) {
	if p.Rows < 1 {
		return nil, nil, fmt.Errorf("%d rows", p.Rows)
	}
	for _, list := range [][]int{p.Out, p.In, p.Local} {
		if err := notNegative(list...); err != nil {
			return nil, nil, err
		}
	}
	made := make([]bool, len(p.In)+len(p.Out)+len(p.Local))
	for k, s := range p.Steps {
		if err := p.check(s, made); err != nil {
			return nil, nil, fmt.Errorf("step %d, %s: %w", k, s.Op.Name(), err)
		}
	}
	for v, done := range made[len(p.In):] {
		if !done {
			return nil, nil, fmt.Errorf("no step makes value %d", len(p.In)+v)
		}
	}
	return p.Out, p.In, nil
}

func (p Rowwise) check(s Step, made []bool) error {
	m, ok := s.Chain()
	if !ok {
		return fmt.Errorf("a step must be a map or a sum of rows")
	}
	out, in, err := s.Op.Operands()
	if err != nil {
		return err
	}
	if len(out) != len(s.Out) || len(in) != len(s.In) {
		return fmt.Errorf("%d outputs and %d inputs, want %d and %d", len(s.Out), len(s.In), len(out), len(in))
	}
	if m.N%p.Rows != 0 || len(out) > 0 && out[0]%p.Rows != 0 {
		return fmt.Errorf("%d indices do not divide into %d parts", m.N, p.Rows)
	}
	for k, v := range s.In {
		if v < 0 || v >= len(made) || p.Len(v) != in[k] {
			return fmt.Errorf("input %d is no value of %d elements", k, in[k])
		}
		if v >= len(p.In) && !(made[v] && m.Access[k].Within(m.N/p.Rows)) {
			return fmt.Errorf("input %d is not made in the same part by a step before", k)
		}
	}
	for k, v := range s.Out {
		if v < len(p.In) || v >= len(made) || made[v] || p.Len(v) != out[k] {
			return fmt.Errorf("output %d is no new value of %d elements", k, out[k])
		}
		made[v] = true
	}
	return nil
}

// Len is the length of an operand.
func (p Rowwise) Len(v int) int {
	for _, list := range [][]int{p.In, p.Out, p.Local} {
		if v < len(list) {
			return list[v]
		}
		v -= len(list)
	}
	return 0
}

// Chain is the map of a step, or what it adds up; ok says that it is a step of rows.
func (s Step) Chain() (m Map, ok bool) {
	m, ok = ChainOf(s.Op)
	if r, sum := s.Op.(Reduce); sum {
		ok = r.C == 1
	}
	return m, ok
}

// ChainOf is a Map, or the one whose results a Reduce adds up.
func ChainOf(p Primitive) (m Map, ok bool) {
	switch p := p.(type) {
	case Map:
		return p, true
	case Reduce:
		return p.Map, true
	}
	return m, false
}

// describe is for Describe: the rows, their indices and the steps.
func (p Rowwise) describe() string {
	text, most := "", 0
	for _, s := range p.Steps {
		m, _ := s.Chain()
		most = max(most, m.N)
		text += " " + s.Op.Name()
	}
	return times(p.Rows, most/p.Rows) + ":" + text
}

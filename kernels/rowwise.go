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

func (Rowwise) Name() string { return "rowwise" }

// Operands checks the steps, and that what one makes is read in the part that it was made in.
func (p Rowwise) Operands() (out, in []int, err error) {
	if p.Rows < 1 {
		return nil, nil, fmt.Errorf("%d rows", p.Rows)
	}
	within := func(s Step, k int) bool {
		m, _ := s.Chain()
		return m.Access[k].Within(m.N / p.Rows)
	}
	if err := p.values().check(p.Steps, p.fits, within, "part"); err != nil {
		return nil, nil, err
	}
	return p.Out, p.In, nil
}

// fits reports what keeps an operation from being done part by part.
func (p Rowwise) fits(s Step) error {
	m, ok := s.Chain()
	if !ok {
		return fmt.Errorf("a step must be a map or a sum of rows")
	}
	out, _, err := s.Op.Operands()
	if err == nil && (m.N%p.Rows != 0 || len(out) > 0 && out[0]%p.Rows != 0) {
		err = fmt.Errorf("%d indices do not divide into %d parts", m.N, p.Rows)
	}
	return err
}

func (p Rowwise) values() values { return values{p.In, p.Out, p.Local} }

// Len is the length of an operand.
func (p Rowwise) Len(v int) int { return p.values().len(v) }

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

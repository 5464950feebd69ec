package kernels

import "fmt"

// Columnwise is maps and sums over matrices of the same Columns that are done block by block of columns, so that what several steps read comes from
// memory once: means over examples, deviations from these and what follows from them. Operands are numbered, the inputs first, then the outputs. The
// indices of a step are rows of the columns: index i is in column i mod Columns. A Reduce adds up its rows (A = 1, C = Columns) or what lies along each
// of them (B = Columns, C = 1). A step may read a result of an earlier one only in the column that it works on, and never a sum along rows.
// Outputs and inputs have the lengths stated. They do not share memory, except an output with an input where Over allows it.
type Columnwise struct {
	Columns int
	Out, In []int // lengths
	Steps   []Step
}

// Blocking is a device for which some programs of columns are faster as one call. All devices know Columnwise.
type Blocking interface {
	Device
	// Blocks reports such a program.
	Blocks(p Columnwise, dt DType) bool
}

func (Columnwise) Name() string { return "columnwise" }

// Operands checks the steps, and that what one makes is read in the column that it was made in.
func (p Columnwise) Operands() (out, in []int, err error) {
	if p.Columns < 1 {
		return nil, nil, fmt.Errorf("%d columns", p.Columns)
	}
	fits := func(s Step) error {
		if _, ok := InColumns(s.Op, p.Columns); !ok {
			return fmt.Errorf("a step must be a map of %d columns, or a sum over their rows or along them", p.Columns)
		}
		return nil
	}
	within := func(s Step, k int) bool {
		m, _ := ChainOf(s.Op)
		return m.Access[k].InColumn(p.Columns) && !p.along(s.In[k])
	}
	if err := p.values().check(p.Steps, fits, within, "column"); err != nil {
		return nil, nil, err
	}
	return p.Out, p.In, nil
}

func (p Columnwise) values() values { return values{in: p.In, out: p.Out} }

// along reports a value that is a sum along rows.
func (p Columnwise) along(v int) bool {
	for _, s := range p.Steps {
		if r, sum := s.Op.(Reduce); sum && s.Out[0] == v {
			return r.C != p.Columns
		}
	}
	return false
}

// Len is the length of an operand.
func (p Columnwise) Len(v int) int { return p.values().len(v) }

// over reports that an output may be the same memory as an input: one that all steps read index by index, and none behind that which makes the
// output, index by index too.
func (p Columnwise) over(out, in int) bool {
	made := false
	for _, s := range p.Steps {
		m, _ := ChainOf(s.Op)
		for k, v := range s.In {
			if v == in && (made || !m.Access[k].Full()) {
				return false
			}
		}
		for k, v := range s.Out {
			if v != len(p.In)+out {
				continue
			}
			if _, sum := s.Op.(Reduce); sum && k == 0 || m.N != p.In[in] {
				return false
			}
			made = true
		}
	}
	return made
}

// Over reports that an output of a call may be the same memory as an input.
func Over(op Primitive, out, in int) bool {
	switch p := op.(type) {
	case Map:
		return p.Access[in].Full()
	case Reduce:
		return out > 0 && p.Map.Access[in].Full()
	case Columnwise:
		return p.over(out, in)
	}
	return false
}

// InColumn reports an operand whose element for index i lies in the same column as i: a matrix [rows, columns], or one number a column.
func (a Access) InColumn(columns int) bool { return a.Full() || a.Each() == 1 && a.C == columns }

// InColumns is the chain of a Map over rows of columns, or of a Reduce over or along them; ok says that it is one.
func InColumns(op Primitive, columns int) (m Map, ok bool) {
	m, ok = ChainOf(op)
	if r, sum := op.(Reduce); sum {
		ok = !r.Max && (r.A == 1 && r.C == columns || r.B == columns && r.C == 1)
	}
	return m, ok && m.N > 0 && m.N%columns == 0
}

// describe is for Describe: the most rows of a step, the columns and the steps.
func (p Columnwise) describe() string {
	text, most := "", 0
	for _, s := range p.Steps {
		m, _ := ChainOf(s.Op)
		most = max(most, m.N)
		text += " " + s.Op.Name()
	}
	return times(most/p.Columns, p.Columns) + ":" + text
}

package kernels

import "fmt"

// Step is one of the steps of a Rowwise, a Map or a Reduce with C = 1, or of a Columnwise, with the numbers of its operands.
type Step struct {
	Op      Primitive
	Out, In []int
}

// values are the lengths of what the steps of a Rowwise or Columnwise number: its inputs, then its outputs, then what only passes between steps.
type values struct{ in, out, local []int }

// len is the length of a value.
func (l values) len(v int) int {
	for _, list := range [][]int{l.in, l.out, l.local} {
		if v < len(list) {
			return list[v]
		}
		v -= len(list)
	}
	return 0
}

// check checks that fits takes each step, that its operands have their lengths, and that every value but the inputs is made once. A step may
// read as operand k what an earlier one made where within allows it, which is in the same part of the indices, as a row or a column is.
func (l values) check(steps []Step, fits func(s Step) error, within func(s Step, k int) bool, part string) error {
	for _, list := range [][]int{l.in, l.out, l.local} {
		if err := notNegative(list...); err != nil {
			return err
		}
	}
	made := make([]bool, len(l.in)+len(l.out)+len(l.local))
	for k, s := range steps {
		err := fits(s)
		if err == nil {
			err = l.checkStep(s, made, func(k int) bool { return within(s, k) }, part)
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", k, s.Op.Name(), err)
		}
	}
	for v, done := range made[len(l.in):] {
		switch {
		case done:
		case v < len(l.out):
			return fmt.Errorf("no step makes output %d", v)
		default:
			return fmt.Errorf("no step makes value %d", len(l.in)+v)
		}
	}
	return nil
}

// checkStep checks the operands of a step, and marks what it makes.
func (l values) checkStep(s Step, made []bool, within func(k int) bool, part string) error {
	out, in, err := s.Op.Operands()
	if err != nil {
		return err
	}
	if len(out) != len(s.Out) || len(in) != len(s.In) {
		return fmt.Errorf("%d outputs and %d inputs, want %d and %d", len(s.Out), len(s.In), len(out), len(in))
	}
	for k, v := range s.In {
		if v < 0 || v >= len(made) || l.len(v) != in[k] {
			return fmt.Errorf("input %d is no value of %d elements", k, in[k])
		}
		if v >= len(l.in) && !(made[v] && within(k)) {
			return fmt.Errorf("input %d is not made in the same %s by a step before", k, part)
		}
	}
	for k, v := range s.Out {
		if v < len(l.in) || v >= len(made) || made[v] || l.len(v) != out[k] {
			return fmt.Errorf("output %d is no new value of %d elements", k, out[k])
		}
		made[v] = true
	}
	return nil
}

package cpu

import "drift/kernels"

// mode is what a block needs of an input.
type mode uint8

const (
	unread mode = iota
	single      // the one element that all indices read
	whole       // an element for each index
)

// scalars is the inputs of one element.
func scalars(m kernels.Map) (list []int) {
	for k, a := range m.Access {
		if !a.Full() && a.Run() == m.N {
			list = append(list, k)
		}
	}
	return list
}

// leastRun is the length of runs from which blocks that stay within one pay.
const leastRun = 256

// runs is the inputs that read the same element for many indices in a row, and then another.
func runs(m kernels.Map) (list []int) {
	for k, a := range m.Access {
		if run := a.Run(); run >= leastRun && run < m.N {
			list = append(list, k)
		}
	}
	return list
}

// withinRuns reports that indices [from, to) read one element of each of the inputs of runs.
func (c *chain[T]) withinRuns(from, to int) bool {
	for _, k := range c.runs {
		if b := c.inputs[k].Run(); from/b != (to-1)/b {
			return false
		}
	}
	return true
}

// reduceUniform finds the instructions that one element will do for, as all that they read are uniform, and lets those that combine such
// a value with another take it as a number.
func reduceUniform(m kernels.Map, uniform []int) ([]link, []mode) {
	inputs := len(m.Access)
	one, modes := make([]bool, inputs+len(m.Code)), make([]mode, inputs)
	for _, k := range uniform {
		one[k] = true
	}
	for k, op := range m.Code {
		one[inputs+k] = op.Fn.Arity() > 0 && one[op.X] && (op.Fn.Arity() == 1 || one[op.Y])
	}
	laid := make([]bool, len(one)) // a uniform value that something reads element by element
	for _, r := range m.Results {
		laid[r] = true
	}
	code := make([]link, len(m.Code))
	for k := len(m.Code) - 1; k >= 0; k-- {
		l := link{m.Code[k], -1, false, one[inputs+k] && !laid[inputs+k]}
		if !l.single {
			l = withFactor(l, one)
			for _, v := range []uint8{l.X, l.Y}[:l.Fn.Arity()] {
				laid[v] = true
			}
		}
		for _, v := range l.reads() {
			if v < inputs && modes[v] == unread {
				modes[v] = single
			}
		}
		code[k] = l
	}
	for k := range modes {
		if laid[k] || modes[k] == single && !one[k] {
			modes[k] = whole
		}
	}
	return code, modes
}

// withFactor makes a product with a uniform value a scaling, and a sum or difference the addition of a number.
func withFactor(l link, one []bool) link {
	to := kernels.FnAddConst
	switch l.Fn {
	case kernels.FnMul:
		to = kernels.FnScale
	case kernels.FnAdd:
	case kernels.FnSub:
		if !one[l.Y] {
			return l
		}
		l.negate = true
	default:
		return l
	}
	switch {
	case one[l.Y]:
		l.factor = int(l.Y)
	case one[l.X]:
		l.factor, l.X = int(l.X), l.Y
	default:
		return l
	}
	l.Fn, l.Imm, l.Y = to, 0, 0
	return l
}

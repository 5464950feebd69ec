package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// blockLen is the number of indices that a chain computes at a time, so that its intermediate values stay in the
// first-level cache.
const blockLen = 1024

// chain is a Map made ready: its instructions' functions are resolved, and every value has a place, which is an input,
// an output or a register of one block.
type chain[T kernels.Float] struct {
	inputs    []source[T]
	general   program[T]
	within    program[T] // for blocks within one run of each of the inputs of runs
	runs      []int
	out       [][]T
	n, block  int // indices in all and at a time
	registers int
	cost      int // of an index, as loader.parallel counts it
	local     *arena
	frames    []frame[T]

	locals, outLocals []*local // inputs and outputs in scratch memory; nil for others, and where there are none
}

// program is the instructions of a chain.
type program[T kernels.Float] struct {
	modes  []mode // of the inputs
	code   []instr[T]
	copies []copyOut
	result int // the value of the first result
}

// frame is one worker's view of the current block.
type frame[T kernels.Float] struct {
	in     []stretch[T]
	out    []stretch[T]
	values [][]T // where each value of the program is
	phase  []int // for each input that repeats, the position in its period that its register begins with; −1 for none
}

type instr[T kernels.Float] struct {
	fn       vmath.Func[T]
	imm      T
	factor   int // the value whose first element takes the place of imm; −1 for none
	negate   bool
	single   bool // computes one element for the whole block
	arity    int
	x, y     int
	output   int // the output that the value is written to, or −1
	register int // else the register
}

// copyOut moves a value to an output at the end of a block.
type copyOut struct{ value, output int }

// newChain prepares m. Without outputs, or where the first is nil, the first result stays wherever it was computed.
func newChain[T kernels.Float](l *loader, m kernels.Map, out, in [][]T) *chain[T] {
	if out != nil {
		m = copyInputs(m, out, in)
	}
	c := &chain[T]{out: out, n: m.N, block: rowBlock(m), local: l.local, cost: 1}
	all := fuse(m, scalars(m))
	for k, a := range m.Access {
		s := source[T]{Access: a, fill: vmath.For[T](kernels.FnConst)}
		if all.modes[k] == whole && !a.Full() {
			s.register, s.repeats = c.registers, a.Period() == m.N && a.Each() == 1
			c.registers++
			c.cost++
		}
		c.inputs = append(c.inputs, s)
	}
	for _, i := range all.code {
		c.cost += fnCost(i.Fn)
	}
	inputRegisters := c.registers
	c.general, c.registers = c.place(all, in, inputRegisters)
	if c.runs = runs(m); c.runs != nil {
		var registers int
		c.within, registers = c.place(fuse(m, append(c.runs, scalars(m)...)), in, inputRegisters)
		c.registers = max(c.registers, registers)
	}
	l.local.reserve(c.registerBytes())
	c.frames = make([]frame[T], l.threads)
	for w := range c.frames {
		c.frames[w] = frame[T]{stretches(in), stretches(out), make([][]T, len(m.Access)+len(m.Code)), make([]int, len(m.Access))}
		l.bytes += int64(len(c.frames[w].values)*24 + len(m.Access)*40 + len(out)*32)
	}
	return c
}

// stretches is operands from their first elements on.
func stretches[T kernels.Float](all [][]T) []stretch[T] {
	list := make([]stretch[T], len(all))
	for k, data := range all {
		list[k].data = data
	}
	return list
}

// begin forgets what a worker's registers hold.
func (c *chain[T]) begin(worker int) {
	for k := range c.frames[worker].phase {
		c.frames[worker].phase[k] = -1
	}
}

// eval computes indices [from, to), at most c.block of them, and returns the first result's values.
func (c *chain[T]) eval(worker, from, to int) []T {
	f, p := &c.frames[worker], &c.general
	if c.runs != nil && c.withinRuns(from, to) {
		p = &c.within
	}
	for k, m := range p.modes {
		switch m {
		case whole:
			f.values[k] = c.fetch(f, worker, k, from, to)
		case single:
			at := c.inputs[k].Element(from)
			f.values[k] = f.in[k].elements(at, at+1)
		}
	}
	for k := range p.code {
		i := &p.code[k]
		var dst, x, y []T
		switch {
		case i.output >= 0:
			dst = f.out[i.output].elements(from, to)
		case i.single:
			dst = c.register(worker, i.register)[:1]
		default:
			dst = c.register(worker, i.register)[:to-from]
		}
		if i.arity > 0 {
			x = f.values[i.x]
		}
		if i.arity > 1 {
			y = f.values[i.y]
		}
		imm := i.imm
		if i.factor >= 0 {
			if imm = f.values[i.factor][0]; i.negate {
				imm = -imm
			}
		}
		i.fn(dst, x, y, imm)
		f.values[len(c.inputs)+k] = dst
	}
	for _, m := range p.copies {
		copy(f.out[m.output].elements(from, to), f.values[m.value])
	}
	if len(f.values) == 0 {
		return nil
	}
	return f.values[p.result]
}

// registerLen is the distance between registers: not a power of two, so that they do not compete for the same cache sets.
const registerLen = blockLen + 16

func (c *chain[T]) register(worker, r int) []T {
	return view[T](c.local, worker, r*registerLen*sizeOf[T](), c.block)
}

func (c *chain[T]) registerBytes() int { return c.registers * registerLen * sizeOf[T]() }

// fnCost estimates a function's time against that of an addition.
func fnCost(f kernels.Fn) int {
	switch f {
	case kernels.FnSqrt, kernels.FnRsqrt, kernels.FnRecip, kernels.FnDiv:
		return 2
	case kernels.FnExp, kernels.FnLog, kernels.FnTanh, kernels.FnSigmoid, kernels.FnSoftplus, kernels.FnNormCDF, kernels.FnNormPDF:
		return 8
	case kernels.FnSin, kernels.FnCos, kernels.FnPow: // in Go
		return 64
	}
	return 1
}

func loadMap[T kernels.Float](l *loader, p kernels.Map, o operands[T]) {
	c := newChain(l, p, o.out, o.in)
	if code := c.compile(l, p, 0, nil, 0); code != nil {
		loadCompiled(l, code)
		return
	}
	l.parallel((p.N+c.block-1)/c.block, c.cost*c.block, func(worker, from, to int) {
		c.begin(worker)
		for b := from; b < to; b++ {
			c.eval(worker, b*c.block, min((b+1)*c.block, c.n))
		}
	})
}

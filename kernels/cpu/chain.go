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
	code      []instr[T]
	out       [][]T
	copies    []copyOut
	result    int // the value of the first result
	n, block  int // indices in all and at a time
	registers int
	cost      int // of an index, as loader.parallel counts it
	local     *arena
	frames    []frame[T]
}

// frame is one worker's view of the current block.
type frame[T kernels.Float] struct {
	values [][]T // where each value of the program is
	phase  []int // for each input that repeats, the position in its period that its register begins with; −1 for none
}

type instr[T kernels.Float] struct {
	fn       vmath.Func[T]
	imm      T
	arity    int
	x, y     int
	output   int // the output that the value is written to, or −1
	register int // else the register
}

// copyOut moves a value to an output at the end of a block.
type copyOut struct{ value, output int }

// newChain prepares m. Without outputs, the first result stays wherever it was computed.
func newChain[T kernels.Float](l *loader, m kernels.Map, out, in [][]T) *chain[T] {
	if out != nil {
		m = copyInputs(m, out, in)
	}
	c := &chain[T]{out: out, n: m.N, block: rowBlock(m), local: l.local, cost: 1}
	if len(m.Results) > 0 {
		c.result = int(m.Results[0])
	}
	for k, a := range m.Access {
		s := source[T]{data: in[k], Access: a, fill: vmath.For[T](kernels.FnConst)}
		if !a.Full() {
			s.register, s.repeats = c.registers, a.B*a.C == m.N
			c.registers++
			c.cost++
		}
		c.inputs = append(c.inputs, s)
	}
	c.place(m, in)
	l.local.reserve(c.registerBytes())
	c.frames = make([]frame[T], l.threads)
	for w := range c.frames {
		c.frames[w] = frame[T]{make([][]T, len(m.Access)+len(m.Code)), make([]int, len(m.Access))}
		l.bytes += int64(len(c.frames[w].values)*24 + len(m.Access)*8)
	}
	return c
}

// copyInputs gives every result that is an input an instruction that copies it, except where input and output are the
// same memory.
func copyInputs[T kernels.Float](m kernels.Map, out, in [][]T) kernels.Map {
	m.Code = append([]kernels.Instr(nil), m.Code...)
	results := m.Results
	m.Results = nil
	for o, r := range results {
		if int(r) < len(in) && m.Access[r].Full() && overlap(out[o], in[r]) {
			m.Results = append(m.Results, r)
			continue
		}
		if int(r) < len(in) {
			m.Code = append(m.Code, kernels.Instr{Fn: kernels.FnCopy, X: r})
			r = uint8(len(in) + len(m.Code) - 1)
		}
		m.Results = append(m.Results, r)
	}
	return m
}

// rowBlock is the block length: a multiple of the first repeated row, so that it is laid out once for many blocks.
func rowBlock(m kernels.Map) int {
	for _, a := range m.Access {
		if !a.Full() && a.C > 1 && a.C <= blockLen && a.B*a.C == m.N {
			return blockLen / a.C * a.C
		}
	}
	return blockLen
}

// place decides where the value of each instruction goes. A value that is a result goes straight to its output when no input
// in the same memory is read later; else it goes to the lowest free register.
func (c *chain[T]) place(m kernels.Map, in [][]T) {
	last := lastUses(m)
	home := make([]int, len(last)) // the register of a value, −1 for none
	for v := range home {
		home[v] = -1
	}
	var free []int
	for k, op := range m.Code {
		v := len(in) + k
		i := instr[T]{fn: vmath.For[T](op.Fn), imm: T(op.Imm), arity: op.Fn.Arity(), x: int(op.X), y: int(op.Y), output: -1}
		c.cost += fnCost(op.Fn)
		for _, x := range []int{i.x, i.y}[:i.arity] {
			if last[x] == k && home[x] >= 0 {
				free = append(free, home[x])
				home[x] = -1
			}
		}
		for o, r := range m.Results {
			if c.out != nil && int(r) == v && i.output < 0 && !readLater(c.out[o], in, last, k) {
				i.output = o
			} else if c.out != nil && int(r) == v {
				c.copies = append(c.copies, copyOut{v, o})
			}
		}
		if i.output < 0 {
			if len(free) == 0 {
				free = append(free, c.registers)
				c.registers++
			}
			i.register, free = free[len(free)-1], free[:len(free)-1]
			home[v] = i.register
		}
		c.code = append(c.code, i)
	}
}

// lastUses is, for each value, the last instruction that reads it; results are read after all.
func lastUses(m kernels.Map) []int {
	last := make([]int, len(m.Access)+len(m.Code))
	for v := range last {
		last[v] = -1
	}
	for k, op := range m.Code {
		for _, x := range []uint8{op.X, op.Y}[:op.Fn.Arity()] {
			last[x] = k
		}
	}
	for _, r := range m.Results {
		last[r] = len(m.Code)
	}
	return last
}

func readLater[T kernels.Float](out []T, in [][]T, last []int, at int) bool {
	for k, x := range in {
		if last[k] > at && overlap(out, x) {
			return true
		}
	}
	return false
}

// begin forgets what a worker's registers hold.
func (c *chain[T]) begin(worker int) {
	for k := range c.frames[worker].phase {
		c.frames[worker].phase[k] = -1
	}
}

// eval computes indices [from, to), at most c.block of them, and returns the first result's values.
func (c *chain[T]) eval(worker, from, to int) []T {
	f := &c.frames[worker]
	for k := range c.inputs {
		f.values[k] = c.fetch(f, worker, k, from, to)
	}
	for k := range c.code {
		i := &c.code[k]
		var dst, x, y []T
		if i.output >= 0 {
			dst = c.out[i.output][from:to]
		} else {
			dst = c.register(worker, i.register)[:to-from]
		}
		if i.arity > 0 {
			x = f.values[i.x]
		}
		if i.arity > 1 {
			y = f.values[i.y]
		}
		i.fn(dst, x, y, i.imm)
		f.values[len(c.inputs)+k] = dst
	}
	for _, m := range c.copies {
		copy(c.out[m.output][from:to], f.values[m.value])
	}
	if len(f.values) == 0 {
		return nil
	}
	return f.values[c.result]
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
	}
	return 1
}

func loadMap[T kernels.Float](l *loader, p kernels.Map, o operands[T]) {
	c := newChain(l, p, o.out, o.in)
	l.parallel((p.N+c.block-1)/c.block, c.cost*c.block, func(worker, from, to int) {
		c.begin(worker)
		for b := from; b < to; b++ {
			c.eval(worker, b*c.block, min((b+1)*c.block, c.n))
		}
	})
}

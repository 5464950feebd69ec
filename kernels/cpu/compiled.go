package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/jit"
)

// Limits of what is compiled: shorter chains are not worth it, in shorter rows the beginning and end of each outweigh the rest, and a call
// ends after a while, since the scheduler cannot interrupt it.
const (
	leastCompiled  = 1 << 11
	leastRowLength = 32
	longestCall    = 1 << 16
)

// compiled is a chain as machine code, which does whole groups of indices.
type compiled[T kernels.Float] struct {
	motion
	chain  *chain[T]
	code   *jit.Function
	stored int // the first output that is stored
	sums   int // the word of the sums' address
	tables [][]uint64
}

// compile makes machine code of a chain for indices in whole multiples of unit (any number for 0), or nil where there is none. With a
// reduction a group is one of its sums, or the part of one that is named.
func (c *chain[T]) compile(l *loader, m kernels.Map, unit int, sum *kernels.Reduce, part int) *compiled[T] {
	if m.N < leastCompiled {
		return nil
	}
	program := jit.Program{F64: sizeOf[T]() == 8, Code: m.Code, Stores: m.Results, Sum: -1}
	p := &compiled[T]{chain: c}
	if sum != nil {
		program.Sum, program.Stores, p.stored = int(m.Results[0]), m.Results[1:], 1
		program.Wide = part < sum.B
	}
	ok := false
	if p.motion, ok = motionOf(m, unit, part); !ok {
		return nil
	}
	program.Length, program.Rows, program.Inputs, program.InPlace = p.length, p.rows, p.inputs, c.inPlace()
	if p.code, ok = jit.Compile(program); !ok {
		return nil
	}
	p.sums = len(p.inputs) + len(program.Stores)
	for range l.threads {
		p.tables = append(p.tables, p.code.Table())
		l.bytes += int64(8 * len(p.tables[0]))
	}
	return p
}

// inPlace reports an output that is the same memory as an input.
func (c *chain[T]) inPlace() bool {
	for _, out := range c.out {
		for _, in := range c.frames[0].in {
			if overlap(out, in.data) {
				return true
			}
		}
	}
	return false
}

// size is the indices of a group.
func (p *compiled[T]) size() int { return p.length * p.rows }

// run does indices [from, to), whole groups. Where there are sums, the first of them goes to the address.
func (p *compiled[T]) run(worker, from, to int, sums unsafe.Pointer, each int) {
	f, table := &p.chain.frames[worker], p.tables[worker]
	for size := p.size(); from < to; {
		n := p.together(from/size, min((to-from)/size, max(1, longestCall/size)))
		for k := range p.inputs {
			if x := f.in[k]; len(x.data) > 0 {
				table[k] = addressOf(x.data, p.chain.inputs[k].Element(from)-x.first)
			}
		}
		for o := p.stored; o < len(f.out); o++ {
			table[len(p.inputs)+o-p.stored] = addressOf(f.out[o].data, from-f.out[o].first)
		}
		table[p.sums] = uint64(uintptr(sums))
		p.code.Run(table, n)
		from += n * size
		if sums != nil && from < to {
			sums = unsafe.Add(sums, n*each)
		}
	}
}

// loadCompiled is a map, whose last indices may be less than a group.
func loadCompiled[T kernels.Float](l *loader, p *compiled[T]) {
	c, size := p.chain, p.size()
	groups := (c.n + size - 1) / size
	l.parallel(groups, (c.cost+1)/2*size, func(worker, from, to int) {
		whole := min(to, c.n/size) * size
		p.run(worker, from*size, whole, nil, 0)
		if to == groups && whole < c.n {
			c.begin(worker)
			for b := whole; b < c.n; b += c.block {
				c.eval(worker, b, min(b+c.block, c.n))
			}
		}
	})
}

func addressOf[T kernels.Float](x []T, at int) uint64 {
	return uint64(uintptr(unsafe.Pointer(&x[at])))
}

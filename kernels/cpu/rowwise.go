package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// tileLen is the indices of the rows that a worker takes through all steps at a time: what passes between these stays in its second-level
// cache.
const tileLen = 1 << 15

// rowwise is a Rowwise made ready.
type rowwise[T kernels.Float] struct {
	rows, tile int // in all and at a time
	steps      []rowStep[T]
}

// rowStep works on rows [from, to).
type rowStep[T kernels.Float] struct {
	chain   *chain[T]
	indices int // of a row
	sums    *rowSums[T]
	code    *compiled[T] // nil where there is none
}

// rowSums is the sums of a row's runs.
type rowSums[T kernels.Float] struct {
	*reduction[T]
	outputs int // of a row
	out     *local
}

// local is a value that only passes between the steps of a Rowwise: a worker's part of it lies in its scratch memory.
type local struct {
	offset, each int // bytes, elements of a row
}

func loadRowwise[T kernels.Float](l *loader, p kernels.Rowwise, o operands[T]) {
	data := append(append(append([][]T(nil), o.in...), o.out...), make([][]T, len(p.Local))...)
	locals := make([]*local, len(data))
	most := 1
	for _, s := range p.Steps {
		m, _ := s.Chain()
		most = max(most, m.N/p.Rows)
	}
	r := &rowwise[T]{rows: p.Rows, tile: max(1, tileLen/most)}
	for k, n := range p.Local {
		data[len(o.in)+len(o.out)+k] = []T{} // there, unlike what is only added up
		locals[len(o.in)+len(o.out)+k] = &local{each: n / p.Rows}
	}
	cost, registers := 0, 0
	for _, s := range p.Steps {
		step := newRowStep(l, p.Rows, s, data, locals)
		r.steps = append(r.steps, step)
		cost += (step.chain.cost + 1) * step.indices
		registers = max(registers, step.chain.registerBytes())
	}
	for _, v := range locals {
		if v != nil {
			v.offset = registers
			registers += (r.tile*v.each*sizeOf[T]() + 63) / 64 * 64
		}
	}
	l.local.reserve(registers)
	l.parallel((r.rows+r.tile-1)/r.tile, cost*r.tile, r.run)
}

func newRowStep[T kernels.Float](l *loader, rows int, s kernels.Step, data [][]T, locals []*local) rowStep[T] {
	pick := func(numbers []int) (some [][]T, where []*local) {
		for _, v := range numbers {
			some, where = append(some, data[v]), append(where, locals[v])
		}
		return some, where
	}
	in, inside := pick(s.In)
	out, outside := pick(s.Out)
	switch p := s.Op.(type) {
	case kernels.Map:
		c := newChain(l, p, out, in)
		c.locals, c.outLocals = inside, outside
		return rowStep[T]{c, p.N / rows, nil, c.compile(l, p, p.N/rows, nil, 0)}
	case kernels.Reduce:
		r := newReduction(l, p, operands[T]{out: out, in: in})
		r.chain.locals = inside
		if len(outside) > 1 {
			r.chain.outLocals = append([]*local{nil}, outside[1:]...)
		}
		return rowStep[T]{r.chain, p.Map.N / rows, &rowSums[T]{r, p.A / rows, outside[0]}, r.compile(l, p.Map.N/rows, p.B)}
	}
	panic("cpu: internal error: a step of rows that is neither a map nor a sum")
}

func (r *rowwise[T]) run(worker, from, to int) {
	for t := from; t < to; t++ {
		first, end := t*r.tile, min((t+1)*r.tile, r.rows)
		for k := range r.steps {
			s := &r.steps[k]
			s.chain.begin(worker)
			s.chain.enter(worker, first, end)
			switch {
			case s.sums != nil:
				s.sums.add(worker, first, end, s.code)
				continue
			case s.code != nil:
				s.code.run(worker, first*s.indices, end*s.indices, nil, 0)
				continue
			}
			for b := first * s.indices; b < end*s.indices; b += s.chain.block {
				s.chain.eval(worker, b, min(b+s.chain.block, end*s.indices))
			}
		}
	}
}

// add makes the sums of rows [from, to).
func (s *rowSums[T]) add(worker, from, to int, code *compiled[T]) {
	first, end := from*s.outputs, to*s.outputs
	out := stretch[T]{s.reduction.out, 0}
	if s.out != nil {
		out = s.chain.stretchOf(s.out, worker, from, to)
	}
	if code != nil {
		code.run(worker, first*s.B, end*s.B, unsafe.Pointer(&out.data[first-out.first]), sizeOf[T]())
		return
	}
	if s.B > 0 && s.B <= s.chain.block {
		s.shortRows(worker, first, end, out)
		return
	}
	for a := first; a < end; a++ {
		out.data[a-out.first] = T(s.column(worker, a, 0, 0, s.B))
	}
}

// shortRows makes the sums [from, to) of rows of which a block of the chain holds several.
func (r *reduction[T]) shortRows(worker, from, to int, out stretch[T]) {
	sum, rows := vmath.Sum[T], r.chain.block/r.B
	if r.Max {
		sum = vmath.Max[T]
	}
	for first := from; first < to; first += rows {
		end := min(first+rows, to)
		e := r.chain.eval(worker, first*r.B, end*r.B)
		for a := first; a < end; a++ {
			out.data[a-out.first] = sum(e[(a-first)*r.B:][:r.B])
		}
	}
}

// stretch is the elements of an operand from the first one here on.
type stretch[T kernels.Float] struct {
	data  []T
	first int
}

// elements [from, to) of the operand.
func (s stretch[T]) elements(from, to int) []T { return s.data[from-s.first : to-s.first] }

func (c *chain[T]) stretchOf(l *local, worker, from, to int) stretch[T] {
	return stretch[T]{view[T](c.local, worker, l.offset, (to-from)*l.each), from * l.each}
}

// enter finds the local operands of rows [from, to) in a worker's scratch memory.
func (c *chain[T]) enter(worker, from, to int) {
	f := &c.frames[worker]
	for k, l := range c.locals {
		if l != nil {
			f.in[k] = c.stretchOf(l, worker, from, to)
		}
	}
	for k, l := range c.outLocals {
		if l != nil {
			f.out[k] = c.stretchOf(l, worker, from, to)
		}
	}
}

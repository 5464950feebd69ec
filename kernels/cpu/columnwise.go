package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/jit"
)

// What a Columnwise works on at a time: blocks of columns whose elements of all operands stay in a worker's second-level cache, as many columns as are
// added up in the operands' type and no fewer than make a row worth its beginning and end.
const (
	blockBytes   = 1 << 20
	leastColumns = 64
	mostColumns  = 1024
)

var _ kernels.Blocking = (*device)(nil)

// Blocks reports a program whose columns divide into blocks that fit the cache, where there is machine code.
func (d *device) Blocks(p kernels.Columnwise, dt kernels.DType) bool {
	return jit.Available() && columnBlock(p, dt.Size()) > 0
}

// columnBlock is the columns of a block, 0 where there are no blocks.
func columnBlock(p kernels.Columnwise, size int) int {
	for _, s := range p.Steps {
		m, _ := kernels.InColumns(s.Op, p.Columns)
		for _, a := range m.Access {
			if _, ok := columnInput(a, m.N/p.Columns, p.Columns); !ok {
				return 0
			}
		}
	}
	column := 0
	for v := range len(p.In) + len(p.Out) {
		if n := p.Len(v); n%p.Columns == 0 {
			column += n / p.Columns * size
		}
	}
	for n := min(p.Columns, mostColumns, blockBytes/max(1, column)) / 16 * 16; n >= leastColumns; n -= 16 {
		if p.Columns%n == 0 {
			return n
		}
	}
	return 0
}

// columnStep is one step of a Columnwise.
type columnStep interface {
	// do works on a block of columns, given by its number.
	do(worker, block int)
}

// loadColumnwise adds the steps block by block, or one by one where there is no machine code for one of them.
func loadColumnwise[T kernels.Float](l *loader, p kernels.Columnwise, o operands[T]) error {
	data := append(append([][]T(nil), o.in...), o.out...)
	of := func(numbers []int) (list [][]T) {
		for _, v := range numbers {
			list = append(list, data[v])
		}
		return list
	}
	var steps []columnStep
	var sums []*rowTotals[T]
	work := 0
	tile := columnBlock(p, sizeOf[T]())
	for _, s := range p.Steps {
		step, cost := newColumnStep(l, p.Columns, tile, s.Op, operands[T]{in: of(s.In), out: of(s.Out)})
		if step == nil {
			break
		}
		steps, work = append(steps, step), work+cost
		if t, is := step.(*rowTotals[T]); is {
			sums = append(sums, t)
		}
	}
	if len(steps) < len(p.Steps) {
		for _, s := range p.Steps {
			if err := prepare(l, s.Op, operands[T]{in: of(s.In), out: of(s.Out)}); err != nil {
				return err
			}
		}
		return nil
	}
	bytes := 0
	for _, s := range sums {
		s.offset = bytes
		bytes += s.rows * p.Columns / tile * 8
	}
	l.shared.reserve(bytes)
	l.parallel(p.Columns/tile, work*tile, func(worker, from, to int) {
		for block := from; block < to; block++ {
			for _, s := range steps {
				s.do(worker, block)
			}
		}
	})
	for _, s := range sums {
		l.parallel(1, s.rows*p.Columns/tile, func(_, _, _ int) { s.finish() })
	}
	return nil
}

// newColumnStep is a step with the work of a column; nil where there is no machine code for it.
func newColumnStep[T kernels.Float](l *loader, columns, tile int, op kernels.Primitive, o operands[T]) (columnStep, int) {
	if tile == 0 {
		return nil, 0
	}
	m, _ := kernels.InColumns(op, columns)
	rows := m.N / columns
	r, sum := op.(kernels.Reduce)
	if sum && r.C == columns {
		reduction := newReduction(l, r, o)
		if s := newColumns(l, reduction, tile); s != nil {
			return s, (reduction.chain.cost + 1) * rows
		}
		return nil, 0
	}
	p := jit.Program{F64: sizeOf[T]() == 8, Length: tile, Rows: 1, Code: m.Code, Stores: m.Results, Sum: -1}
	s := &rowBlocks[T]{columns: columns, tile: tile, rows: rows, in: o.in, out: o.out}
	if sum {
		p.Sum, p.Stores, p.Wide, s.out = int(m.Results[0]), m.Results[1:], true, o.out[1:]
	}
	for _, a := range m.Access {
		in, _ := columnInput(a, rows, columns)
		p.Inputs = append(p.Inputs, in)
	}
	for _, out := range s.out {
		p.Outputs = append(p.Outputs, jit.Input{Row: columns})
		for _, in := range s.in {
			p.InPlace = p.InPlace || overlap(out, in)
		}
	}
	code, ok := jit.Compile(p)
	if !ok {
		return nil, 0
	}
	s.moves, s.code = p.Inputs, code
	for range l.threads {
		s.tables = append(s.tables, code.Table())
		l.bytes += int64(8 * len(s.tables[0]))
	}
	cost := (len(m.Code) + 1) * rows
	if sum {
		return &rowTotals[T]{rowBlocks: s, total: o.out[0], partial: l.shared, blocks: columns / tile}, cost
	}
	return s, cost
}

// do makes the sums over rows of a block.
func (s *columns[T]) do(worker, block int) { s.run(worker, block, block+1) }

// rowBlocks is a map over rows of columns, a block of which is done at a time.
type rowBlocks[T kernels.Float] struct {
	columns, tile, rows int
	moves               []jit.Input // how the inputs go on from row to row
	in, out             [][]T
	code                *jit.Function
	tables              [][]uint64
}

func (s *rowBlocks[T]) do(worker, block int) { s.each(worker, block, nil) }

// each does all rows of a block. Where there are sums, they go to the address, one a row.
func (s *rowBlocks[T]) each(worker, block int, sums unsafe.Pointer) {
	table := s.tables[worker]
	for row, most := 0, max(1, longestCall/s.tile); row < s.rows; row += most {
		at := row*s.columns + block*s.tile
		for k, in := range s.moves {
			table[k] = addressOf(s.in[k], begins(in, row, block*s.tile))
		}
		for k, out := range s.out {
			table[len(s.in)+k] = addressOf(out, at)
		}
		if sums != nil {
			table[len(s.in)+len(s.out)] = uint64(uintptr(unsafe.Add(sums, 8*row)))
		}
		s.code.Run(table, min(most, s.rows-row))
	}
}

// rowTotals is sums along rows of columns: of each block in the scratch memory of the call, and then of all blocks in order.
type rowTotals[T kernels.Float] struct {
	*rowBlocks[T]
	total   []T
	partial *arena
	offset  int // bytes
	blocks  int
}

func (s *rowTotals[T]) of(block int) []float64 {
	return view[float64](s.partial, 0, s.offset+block*s.rows*8, s.rows)
}

func (s *rowTotals[T]) do(worker, block int) { s.each(worker, block, unsafe.Pointer(&s.of(block)[0])) }

// finish adds up the blocks.
func (s *rowTotals[T]) finish() {
	all := s.of(0)
	for block := 1; block < s.blocks; block++ {
		for k, v := range s.of(block) {
			all[k] += v
		}
	}
	for k, v := range all {
		s.total[k] = T(v)
	}
}

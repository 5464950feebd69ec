package cpu

import (
	"math"
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/jit"
)

// Rows that are added up at a time, before they are added to the running sums: fewer than the most, but no fewer than the least, where that leaves no
// rest. And the columns that are done together.
const (
	mostRows      = 8
	leastRows     = 5
	longestColumn = 2 * blockLen
)

// columns is sums over rows as machine code.
type columns[T kernels.Float] struct {
	*reduction[T]
	moves         []jit.Input // how the inputs go on from row to row
	several, rest *block[T]   // nil for no rows
}

// block adds e of some rows to running sums of a tile of columns.
type block[T kernels.Float] struct {
	rows   int
	inputs int // of the program
	code   *jit.Function
	tables [][]uint64
}

// loadColumns adds the steps of sums over rows as machine code, where there is some.
func loadColumns[T kernels.Float](l *loader, r *reduction[T]) bool {
	tile := columnTile(r.C)
	if r.Max || r.A == 0 || r.B == 0 || tile == 0 || r.Map.N < leastCompiled {
		return false
	}
	s := newColumns(l, r, tile)
	if s == nil {
		r.rows = r.chain.block
		return false
	}
	if tasks := r.A * r.tiles; tasks < enough {
		r.piece = max(reduceWork/tile, r.B*tasks/enough) / r.rows * r.rows
		r.pieces = (r.B + r.piece - 1) / r.piece
	}
	if r.pieces > 1 {
		l.shared.reserve(r.pieces * r.A * r.C * 8)
	}
	l.parallel(r.A*r.tiles*r.pieces, (r.chain.cost+1)/2*r.piece*tile, s.run)
	if r.pieces > 1 {
		l.parallel(r.A*r.tiles, 2*r.pieces*tile, r.combine)
	}
	return true
}

// newColumns is sums over rows in tiles of columns, each of all rows at once; nil where there is no machine code for them.
func newColumns[T kernels.Float](l *loader, r *reduction[T], tile int) *columns[T] {
	s := &columns[T]{reduction: r}
	r.tile, r.rows, r.tiles = tile, rowsTogether(r.B), r.C/tile
	r.piece, r.pieces, r.accumulator = r.B, 1, 0
	for _, a := range r.Map.Access {
		in, ok := columnInput(a, r.B, r.C)
		if !ok {
			return nil
		}
		s.moves = append(s.moves, in)
	}
	for _, b := range []struct {
		at   **block[T]
		rows int
	}{{&s.several, r.B / r.rows * r.rows}, {&s.rest, r.B % r.rows}} {
		if b.rows == 0 {
			continue
		}
		if *b.at = s.block(l, min(b.rows, r.rows)); *b.at == nil {
			return nil
		}
	}
	l.local.reserve(tile * (8 + sizeOf[T]()))
	return s
}

// rowsTogether is the rows of a block.
func rowsTogether(rows int) int {
	for n := mostRows; n >= leastRows; n-- {
		if rows%n == 0 {
			return n
		}
	}
	return mostRows
}

// columnTile is the columns that are done together, 0 where they do not divide into such tiles.
func columnTile(c int) int {
	for n := min(c, longestColumn); n >= leastRowLength; n-- {
		if c%n == 0 && (n%16 == 0 || n == c) {
			return n
		}
	}
	return 0
}

// block makes the machine code that adds a number of rows; nil where there is none.
func (s *columns[T]) block(l *loader, rows int) *block[T] {
	if rows*(len(s.Map.Access)+len(s.Map.Code)+1)+1 > 250 || rows*s.C*sizeOf[T]() > math.MaxInt32 { // values have numbers of 8 bits, distances 32
		return nil
	}
	p := s.program(rows)
	code, ok := jit.Compile(p)
	if !ok {
		return nil
	}
	b := &block[T]{rows: rows, inputs: len(p.Inputs), code: code}
	for range l.threads {
		b.tables = append(b.tables, code.Table())
		l.bytes += int64(8 * len(b.tables[0]))
	}
	return b
}

// program adds e of a number of rows to the running sums, its last input and output.
func (s *columns[T]) program(rows int) jit.Program {
	p := jit.Program{F64: sizeOf[T]() == 8, Length: s.tile, Rows: 1, Sum: -1, InPlace: s.chain.inPlace()}
	inputs := s.inputs(&p, rows)
	sums := uint8(len(p.Inputs) - 1)
	total := sums
	for r := range rows {
		e := s.row(&p, inputs[r], r, rows)
		if r == 0 && rows > 1 { // the rows come together before the sums
			total = e
			continue
		}
		p.Code = append(p.Code, kernels.Instr{Fn: kernels.FnAdd, X: total, Y: e})
		total = uint8(len(p.Inputs) + len(p.Code) - 1)
	}
	if rows > 1 {
		p.Code = append(p.Code, kernels.Instr{Fn: kernels.FnAdd, X: total, Y: sums})
		total++
	}
	p.Stores, p.Outputs = append(p.Stores, total), append(p.Outputs, jit.Input{})
	return p
}

// inputs appends those of a number of rows and the running sums, and says which are those of each row: its own, which lie behind the first row's, and
// those that are the same in all rows.
func (s *columns[T]) inputs(p *jit.Program, rows int) (of [][]uint8) {
	of = make([][]uint8, rows)
	for r := range rows {
		for k, in := range s.moves {
			if r > 0 && in.Row == 0 {
				of[r] = append(of[r], of[0][k])
				continue
			}
			if r > 0 {
				in.Back, in.Offset = len(p.Inputs)-int(of[0][k]), r*in.Row
			}
			in.Row *= rows
			of[r] = append(of[r], uint8(len(p.Inputs)))
			p.Inputs = append(p.Inputs, in)
		}
	}
	p.Inputs = append(p.Inputs, jit.Input{Vector: true})
	return of
}

// row appends the code of the r-th of a number of rows, stores its results behind the first, and says which value the first is: e.
func (s *columns[T]) row(p *jit.Program, inputs []uint8, r, rows int) (e uint8) {
	m := s.Map
	first := len(p.Inputs) + len(p.Code)
	value := func(v uint8) uint8 {
		if int(v) < len(inputs) {
			return inputs[v]
		}
		return uint8(first + int(v) - len(inputs))
	}
	for _, i := range m.Code {
		p.Code = append(p.Code, kernels.Instr{Fn: i.Fn, X: value(i.X), Y: value(i.Y), Imm: i.Imm})
	}
	further := m.Results[1:]
	for _, v := range further {
		p.Stores, p.Outputs = append(p.Stores, value(v)), append(p.Outputs, jit.Input{Row: rows * s.C, Back: r * len(further), Offset: r * s.C})
	}
	return value(m.Results[0])
}

// columnInput is how an input of [·,b,c] goes on over the columns of a row, and from row to row; ok is false where it does neither evenly.
func columnInput(a kernels.Access, b, c int) (in jit.Input, ok bool) {
	switch {
	case a.Full():
		return jit.Input{Vector: true, Row: c}, true
	case a.Run()%(b*c) == 0:
		return jit.Input{}, true
	case a.Run() == c && (a.B == 1 || a.C == 1 || a.C%b == 0):
		return jit.Input{Row: 1}, true
	case a.Run() == 1 && a.C == c && a.B%b == 0:
		return jit.Input{Vector: true}, true
	}
	return in, false
}

// begins is where an input goes on from a row and a column.
func begins(in jit.Input, row, column int) int {
	if in.Vector {
		return row*in.Row + column
	}
	return row * in.Row
}

// add adds groups of rows from row b of part a on to the running sums of the columns from c on.
func (s *columns[T]) add(k *block[T], worker, a, b, c, groups int, sums []T) {
	f, table := &s.chain.frames[worker], k.tables[worker]
	further, at := len(s.Map.Results)-1, (a*s.B+b)*s.C+c
	for i, in := range s.moves {
		from := begins(in, b, c)
		if a > 0 {
			from += s.chain.inputs[i].Element(a * s.B * s.C)
		}
		table[i] = addressOf(f.in[i].data, from)
	}
	for o := range further {
		table[k.inputs+o] = addressOf(f.out[1+o].data, at)
	}
	own := uint64(uintptr(unsafe.Pointer(&sums[0])))
	table[k.inputs-1], table[k.inputs+k.rows*further] = own, own
	k.code.Run(table, groups)
}

// addRows adds rows [from, to), at most flushAfter blocks of them. What is left behind whole blocks is at the end of all rows.
func (s *columns[T]) addRows(worker, a, from, to, c int, sums []T) {
	if groups := (to - from) / s.rows; groups > 0 {
		s.add(s.several, worker, a, from, c, groups, sums)
		from += groups * s.rows
	}
	if from < to {
		s.add(s.rest, worker, a, from, c, 1, sums)
	}
}

func (s *columns[T]) run(worker, from, to int) {
	most := flushAfter * s.rows
	for task := from; task < to; task++ {
		a, c, piece := task/(s.tiles*s.pieces), task/s.pieces%s.tiles*s.tile, task%s.pieces
		first, end := piece*s.piece, min((piece+1)*s.piece, s.B)
		out := s.out[a*s.C+c:][:s.tile]
		if s.pieces == 1 && end-first <= most {
			clear(out)
			s.addRows(worker, a, first, end, c, out)
			continue
		}
		acc, sums := view[float64](s.local, worker, 0, s.tile), view[T](s.local, worker, s.tile*8, s.tile)
		clear(acc)
		clear(sums)
		for ; first < end; first += most {
			s.addRows(worker, a, first, min(first+most, end), c, sums)
			s.flush(acc, sums, 0)
		}
		if s.pieces > 1 {
			copy(view[float64](s.partialResults, 0, ((a*s.pieces+piece)*s.C+c)*8, s.tile), acc)
			continue
		}
		for i, v := range acc {
			out[i] = T(v)
		}
	}
}

package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/jit"
)

// Rows that are added up at a time, before they are added to the running sums, and the columns that are done together.
const (
	rowsTogether  = 8
	longestColumn = 2 * blockLen
)

// columns is sums over rows as machine code.
type columns[T kernels.Float] struct {
	*reduction[T]
	several, one *block[T]
}

// block adds e of some rows to running sums of a tile of columns.
type block[T kernels.Float] struct {
	rows   int
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
		r.piece = max(reduceWork/tile, r.B*tasks/enough) / rowsTogether * rowsTogether
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
	r.tile, r.rows, r.tiles = tile, rowsTogether, r.C/tile
	r.piece, r.pieces, r.accumulator = r.B, 1, 0
	if s.several, s.one = s.block(l, rowsTogether), s.block(l, 1); s.several == nil || s.one == nil {
		return nil
	}
	l.local.reserve(tile * (8 + sizeOf[T]()))
	return s
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
	if rows*(len(s.Map.Access)+len(s.Map.Code)+1)+1 > 250 { // values have numbers of 8 bits
		return nil
	}
	p, ok := s.program(rows)
	if !ok {
		return nil
	}
	code, ok := jit.Compile(p)
	if !ok {
		return nil
	}
	b := &block[T]{rows: rows, code: code}
	for range l.threads {
		b.tables = append(b.tables, code.Table())
		l.bytes += int64(8 * len(b.tables[0]))
	}
	return b
}

// program adds e of a number of rows to the running sums, its last input and output.
func (s *columns[T]) program(rows int) (p jit.Program, ok bool) {
	p = jit.Program{F64: sizeOf[T]() == 8, Length: s.tile, Rows: 1, Sum: -1, InPlace: s.chain.inPlace()}
	if p.Inputs, ok = s.inputs(rows); !ok {
		return p, false
	}
	sums := uint8(len(p.Inputs) - 1)
	total := sums
	for r := range rows {
		e := s.row(&p, r, rows)
		add := kernels.Instr{Fn: kernels.FnAdd, X: total, Y: e}
		if r == 0 && rows > 1 { // the rows come together before the sums
			add = kernels.Instr{Fn: kernels.FnCopy, X: e}
		}
		p.Code = append(p.Code, add)
		total = uint8(len(p.Inputs) + len(p.Code) - 1)
	}
	if rows > 1 {
		p.Code = append(p.Code, kernels.Instr{Fn: kernels.FnAdd, X: sums, Y: total})
		total++
	}
	p.Stores, p.Outputs = append(p.Stores, total), append(p.Outputs, jit.Input{})
	return p, true
}

// inputs is those of a number of rows, one row behind the other, and the running sums.
func (s *columns[T]) inputs(rows int) (all []jit.Input, ok bool) {
	for range rows {
		for _, a := range s.Map.Access {
			in, ok := columnInput(a, s.B, s.C, rows)
			if !ok {
				return nil, false
			}
			all = append(all, in)
		}
	}
	return append(all, jit.Input{Vector: true}), true
}

// row appends the code of the r-th of a number of rows, stores its results behind the first, and says which value the first is: e.
func (s *columns[T]) row(p *jit.Program, r, rows int) (e uint8) {
	m := s.Map
	first := len(p.Inputs) + len(p.Code)
	value := func(v uint8) uint8 {
		if int(v) < len(m.Access) {
			return uint8(r*len(m.Access)) + v
		}
		return uint8(first + int(v) - len(m.Access))
	}
	for _, i := range m.Code {
		p.Code = append(p.Code, kernels.Instr{Fn: i.Fn, X: value(i.X), Y: value(i.Y), Imm: i.Imm})
	}
	for _, v := range m.Results[1:] {
		p.Stores, p.Outputs = append(p.Stores, value(v)), append(p.Outputs, jit.Input{Row: rows * s.C})
	}
	return value(m.Results[0])
}

// columnInput is how an input of [·,b,c] goes on over the columns of a row, and from some rows to the next; ok is false where it does neither evenly.
func columnInput(a kernels.Access, b, c, rows int) (in jit.Input, ok bool) {
	switch {
	case a.Full():
		return jit.Input{Vector: true, Row: rows * c}, true
	case a.Run()%(b*c) == 0:
		return jit.Input{}, true
	case a.Run() == c && (a.B == 1 || a.C == 1 || a.C%b == 0):
		return jit.Input{Row: rows}, true
	case a.Run() == 1 && a.C == c && a.B%b == 0:
		return jit.Input{Vector: true}, true
	}
	return in, false
}

// add adds groups of rows from row b of part a on to the running sums of the columns from c on.
func (s *columns[T]) add(k *block[T], worker, a, b, c, groups int, sums []T) {
	f, table := &s.chain.frames[worker], k.tables[worker]
	inputs, further := len(s.Map.Access), len(s.Map.Results)-1
	for r := range k.rows {
		at := (a*s.B+b+r)*s.C + c
		for i := range inputs {
			table[r*inputs+i] = addressOf(f.in[i].data, s.chain.inputs[i].Element(at))
		}
		for o := range further {
			table[k.rows*inputs+1+r*further+o] = addressOf(f.out[1+o].data, at)
		}
	}
	own := uint64(uintptr(unsafe.Pointer(&sums[0])))
	table[k.rows*inputs], table[k.rows*(inputs+further)+1] = own, own
	k.code.Run(table, groups)
}

// addRows adds rows [from, to), at most flushAfter blocks of them.
func (s *columns[T]) addRows(worker, a, from, to, c int, sums []T) {
	if groups := (to - from) / rowsTogether; groups > 0 {
		s.add(s.several, worker, a, from, c, groups, sums)
		from += groups * rowsTogether
	}
	if from < to {
		s.add(s.one, worker, a, from, c, to-from, sums)
	}
}

func (s *columns[T]) run(worker, from, to int) {
	const most = flushAfter * rowsTogether
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

package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// Where there are fewer than enough tiles of results to share out, b is cut into pieces of at least reduceWork indices, as
// many as make enough tasks: by sizes alone, so that the order of additions is fixed.
const (
	reduceWork = 1 << 16
	enough     = 32
	plainBlock = 4096 // indices at a time where nothing is computed before they are added
	flushAfter = 64   // blocks added in T before their sum is added in float64
)

// reduction computes out[a,c] over b. Each task covers, for one a and one tile of columns, one piece of b; pieces give
// partial results in float64 that a second pass adds in order.
type reduction[T kernels.Float] struct {
	kernels.Reduce
	chain          *chain[T]
	out            []T
	tile, tiles    int // columns of a task
	rows           int // rows of one block
	piece, pieces  int // rows of a task
	local          *arena
	accumulator    int // where a worker's accumulators begin, in bytes
	add            vmath.Func[T]
	addParts       vmath.Func[float64]
	partialResults *arena
}

func loadReduce[T kernels.Float](l *loader, p kernels.Reduce, o operands[T]) {
	r := newReduction(l, p, o)
	if p.C == 1 && loadSums(l, r) || p.C > 1 && loadColumns(l, r) {
		return
	}
	if p.C == 1 && p.B > 0 && p.B <= r.chain.block {
		loadShortRows(l, r)
		return
	}
	r.cut()
	r.accumulator = r.chain.registerBytes()
	l.local.reserve(r.accumulator + r.tile*8 + 2*r.rows*r.tile*sizeOf[T]() + 64)
	if r.pieces > 1 {
		l.shared.reserve(r.pieces * p.A * p.C * 8)
	}
	l.parallel(p.A*r.tiles*r.pieces, (r.chain.cost+1)*r.piece*r.tile, r.reduce)
	if r.pieces > 1 {
		l.parallel(p.A*r.tiles, 2*r.pieces*r.tile, r.combine)
	}
}

func newReduction[T kernels.Float](l *loader, p kernels.Reduce, o operands[T]) *reduction[T] {
	var stored [][]T
	if len(o.out) > 1 {
		stored = append([][]T{nil}, o.out[1:]...)
	}
	r := &reduction[T]{Reduce: p, chain: newChain(l, p.Map, stored, o.in), out: o.out[0], local: l.local, partialResults: l.shared}
	add := kernels.FnAdd
	if p.Max {
		add = kernels.FnMax
	}
	r.add, r.addParts = vmath.For[T](add), vmath.For[float64](add)
	if p.C == 1 && len(r.chain.general.code) == 0 && r.chain.registers == 0 {
		r.chain.block = plainBlock
	}
	r.rows = r.chain.block
	return r
}

// cut decides what a block and a task are.
func (r *reduction[T]) cut() {
	r.tile = max(1, min(r.C, r.chain.block))
	r.tiles = (r.C + r.tile - 1) / r.tile
	r.rows = 1
	if r.tile == r.C {
		r.rows = max(1, min(r.B, r.chain.block/r.tile))
	}
	r.piece, r.pieces = max(1, r.B), 1
	if tasks := r.A * r.tiles; tasks < enough {
		r.piece = max(reduceWork/r.tile, r.B*max(1, tasks)/enough)
		r.piece = max(1, r.piece/r.rows) * r.rows
		r.pieces = max(1, (r.B+r.piece-1)/r.piece)
	}
}

// loadShortRows is the case of many short runs: a block of the chain holds several whole runs.
func loadShortRows[T kernels.Float](l *loader, r *reduction[T]) {
	rows := r.chain.block / r.B
	l.parallel((r.A+rows-1)/rows, (r.chain.cost+1)*rows*r.B+8*rows, func(worker, from, to int) {
		r.chain.begin(worker)
		r.shortRows(worker, from*rows, min(to*rows, r.A), stretch[T]{r.out, 0})
	})
}

func (r *reduction[T]) reduce(worker, from, to int) {
	r.chain.begin(worker)
	for task := from; task < to; task++ {
		a, tile, piece := task/(r.tiles*r.pieces), task/r.pieces%r.tiles, task%r.pieces
		c0 := tile * r.tile
		c1 := min(c0+r.tile, r.C)
		acc := r.rowsOf(worker, a, c0, c1, piece*r.piece, min((piece+1)*r.piece, r.B))
		if r.pieces > 1 {
			copy(view[float64](r.partialResults, 0, ((a*r.pieces+piece)*r.C+c0)*8, c1-c0), acc)
			continue
		}
		out := r.out[a*r.C+c0:]
		for i, v := range acc {
			out[i] = T(v)
		}
	}
}

// combine adds the partial results, piece by piece.
func (r *reduction[T]) combine(worker, from, to int) {
	for task := from; task < to; task++ {
		a, c0 := task/r.tiles, task%r.tiles*r.tile
		n := min(r.tile, r.C-c0)
		acc := view[float64](r.local, worker, r.accumulator, n)
		for k := range r.pieces {
			part := view[float64](r.partialResults, 0, ((a*r.pieces+k)*r.C+c0)*8, n)
			if k == 0 {
				copy(acc, part)
			} else {
				r.addParts(acc, acc, part, 0)
			}
		}
		for i, v := range acc {
			r.out[a*r.C+c0+i] = T(v)
		}
	}
}

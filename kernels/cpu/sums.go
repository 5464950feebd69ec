package cpu

import (
	"unsafe"

	"drift/kernels"
)

// compile makes machine code for sums of runs, or of parts of them; nil where there is none.
func (r *reduction[T]) compile(l *loader, unit, part int) *compiled[T] {
	if r.Max || r.C != 1 || part < 1 {
		return nil
	}
	return r.chain.compile(l, r.Map, unit, &r.Reduce, part)
}

// loadSums adds the steps of sums of runs as machine code, where there is some.
func loadSums[T kernels.Float](l *loader, r *reduction[T]) bool {
	if r.A == 0 || r.B == 0 {
		return false
	}
	r.cut()
	if r.B%r.piece > 0 {
		return false
	}
	code := r.compile(l, r.piece, r.piece)
	if code == nil {
		return false
	}
	if r.pieces > 1 {
		r.accumulator = 0
		l.local.reserve(8)
		l.shared.reserve(r.pieces * r.A * 8)
	}
	l.parallel(r.A*r.pieces, (r.chain.cost+1)/2*r.piece, func(worker, from, to int) {
		sums, each := unsafe.Pointer(&r.out[0]), sizeOf[T]()
		if r.pieces > 1 {
			sums, each = unsafe.Pointer(&view[float64](r.partialResults, 0, 0, r.A*r.pieces)[0]), 8
		}
		code.run(worker, from*r.piece, to*r.piece, unsafe.Add(sums, from*each), each)
	})
	if r.pieces > 1 {
		l.parallel(r.A*r.tiles, 2*r.pieces*r.tile, r.combine)
	}
	return true
}

package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// chunkWork is the work of one task, in passes of an element through a simple vectorised loop: some microseconds,
// long against the cost of handing it out. A kernel of less work stays on the calling thread.
const chunkWork = 1 << 15

// loop is a kernel over n items that do not depend on each other, handed out in runs of grain items.
type loop struct {
	n, grain int
	body     func(worker, from, to int)
}

func (l *loop) Do(worker, task int) {
	from := task * l.grain
	l.body(worker, from, min(from+l.grain, l.n))
}

// parallel adds a step that calls body for disjoint ranges [from, to) that cover n items. An item costs as much as cost elements of
// a simple loop.
func (l *loader) parallel(n, cost int, body func(worker, from, to int)) {
	if n == 0 {
		return
	}
	lp := &loop{n, max(1, chunkWork/max(1, cost)), body}
	tasks := (n + lp.grain - 1) / lp.grain
	l.steps = append(l.steps, func(p *pool.Pool) { p.Run(tasks, lp) })
}

// arena is scratch memory that the steps of an executable use one after the other. While loading, reserve raises its size;
// it exists when the steps run.
type arena struct {
	words []float64 // 64-bit words, so that any element type is aligned
	each  int
}

const cacheLine = 8 // words

// reserve makes room for n bytes.
func (a *arena) reserve(n int) { a.each = max(a.each, (n+63)/64*cacheLine) }

func (a *arena) allocate(copies int) { a.words = onHugePages(make([]float64, a.each*copies)) }

func (a *arena) bytes() int64 { return int64(len(a.words)) * 8 }

// view is the n elements that begin offset bytes into copy k, offset being a multiple of 8.
func view[T kernels.Float](a *arena, k, offset, n int) []T {
	if n == 0 {
		return nil
	}
	words := a.words[k*a.each+offset/8 : (k+1)*a.each]
	return unsafe.Slice((*T)(unsafe.Pointer(&words[0])), n)
}

func sizeOf[T kernels.Float]() int {
	var t T
	return int(unsafe.Sizeof(t))
}

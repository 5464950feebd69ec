package gemm

import (
	"runtime"
	"sync/atomic"
	"time"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// job is a product at work. Its units of work are numbered, and workers take the next one until there is none: first
// the units that pack a block, then those that compute with it, then the next block's. Before the first unit
// of a stage a worker waits for the units of the stages before. Those have been taken by workers that are running, so a worker
// that comes late, or never, holds up nobody.
type job[T kernels.Float] struct {
	product[T]
	plan
	pool           *pool.Pool // whose workers share the product
	blockA, blockB []T        // packed strips of the current block
	packedA        bool       // blockA holds what this item needs
	chunk, batch   int        // items in a task of a batch, and in all
	workers        int        // that take tasks of a batch
	ahead          [][]T      // what the next item reads and writes, as far as it has not been asked for
	asked          [3][]T     // the memory of ahead
	share          int        // lines to ask for after each tile
	next, done     atomic.Int64
}

const (
	serialWork = 3 << 20   // floating-point operations below which a helper brings nothing
	chunkWork  = 256 << 10 // and those worth a task of their own
)

func (j *job[T]) run(p *pool.Pool, batch int) {
	threads, work := p.Threads(), 2*j.m*j.n*j.k
	switch {
	case threads == 1 || batch*work < serialWork:
		j.plan, j.batch = j.cut(1), batch
		j.items(0, batch, batch)
	case batch > 1 && (work < serialWork || batch >= 4*threads):
		j.plan = j.cut(1)
		j.chunk, j.batch = max(1, min(chunkWork/work, batch/(4*threads))), batch
		j.workers = threads
		p.Run(ceil(batch, j.chunk), (*separate[T])(j))
	default:
		j.plan, j.pool = j.cut(threads), p
		for q := range batch {
			j.begin(q)
			p.Run(threads, (*together[T])(j))
		}
	}
}

// together is a job whose workers share one product.
type together[T kernels.Float] job[T]

func (t *together[T]) Do(_, _ int) { (*job[T])(t).work() }

// separate is a batch in which every task computes some items alone.
type separate[T kernels.Float] job[T]

func (s *separate[T]) Do(_, task int) {
	j := take[T]()
	j.product, j.plan, j.batch = s.product, s.plan, s.batch
	j.items(task*s.chunk, min((task+1)*s.chunk, s.batch), (task+s.workers)*s.chunk)
	j.release()
}

// items computes some items alone, after which probably item next follows. A matrix A that they share is packed once if it fits one block.
func (j *job[T]) items(from, to, next int) {
	keep := j.a.Pack == nil && j.a.Stride == 0 && j.strips == j.blockRows && j.k <= j.slab && j.columns == j.blockCols
	for q := from; q < to; q++ {
		j.packedA = keep && q > from
		j.begin(q)
		if q+1 < to {
			j.look(q + 1)
		} else {
			j.look(next)
		}
		j.work()
	}
	j.packedA, j.ahead, j.asked = false, nil, [3][]T{}
}

// begin makes the job ready for item q.
func (j *job[T]) begin(q int) {
	j.item = q
	j.next.Store(0)
	j.done.Store(0)
	if !j.directA {
		j.blockA = grow(j.blockA, min(j.m, j.blockRows*j.tileRows)*min(j.slab, j.k))
	}
	if !j.directB {
		j.blockB = grow(j.blockB, min(j.n, j.blockCols*j.tileCols)*min(j.slab, j.k))
	}
}

func grow[T kernels.Float](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, max(n, 1024)) // from 1 KiB on, Go aligns to 64 bytes at least
	}
	return s[:n]
}

// progress is a worker's place among the units: the one that it has taken, and the first of the current stage. It has
// completed a number of units since start.
type progress struct {
	unit, first int64
	start       time.Time
	units       int
}

// stage does those of the next n units that fall to this worker.
func (j *job[T]) stage(t *progress, n int, do func(unit int)) {
	end := t.first + int64(n)
	for t.unit < end {
		if j.done.Load() < t.first {
			j.wait(t)
		}
		do(int(t.unit - t.first))
		t.units++
		j.done.Add(1)
		t.unit = j.next.Add(1) - 1
	}
	t.first = end
}

// wait returns when the units of the stages before are done.
func (j *job[T]) wait(t *progress) {
	start := time.Now()
	for spin := 1; j.done.Load() < t.first; spin++ {
		if spin%64 == 0 {
			runtime.Gosched()
		}
	}
	j.pool.Waited(time.Since(start), start.Sub(t.start)/time.Duration(max(1, t.units)))
}

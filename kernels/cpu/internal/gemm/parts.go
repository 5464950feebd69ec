package gemm

import (
	"slices"
	"time"
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// parts is a small product of which each worker computes a part by itself, having packed one operand, which all need, for itself alone:
// that takes less time than to wait for each other and to fetch what another processor has packed.
type parts[T kernels.Float] job[T]

const (
	mostShared = 700 << 10 // bytes of the operand that all need: most of L2
	leastPart  = 2         // times the width of a tile
)

// apart reports whether the product is one for so many parts.
func (p *product[T]) apart(threads int) bool {
	lines, shared := p.n, p.m*p.k
	if p.byRows() {
		lines, shared = p.m, p.n*p.k
	}
	return p.a.Pack == nil && p.b.Pack == nil && !p.lower && lines >= leastPart*p.kernel.maxCols*threads &&
		shared*int(unsafe.Sizeof(p.alpha)) <= mostShared
}

// byRows says that parts are some rows, all of which need B, and not some columns, which need A and a part of every line of C.
func (p *product[T]) byRows() bool { return p.k*p.n <= p.m*(p.k+p.n) }

// share computes the current item in n parts. They are alike, so one that takes far longer than another had to wait for a processor.
func (j *job[T]) share(p *pool.Pool, n int) {
	if cap(j.took) < n {
		j.took = make([]time.Duration, n)
	}
	j.took = j.took[:n]
	p.Run(n, (*parts[T])(j))
	p.Waited(slices.Max(j.took), slices.Min(j.took))
}

func (s *parts[T]) Do(_, task int) {
	start := time.Now()
	j := take[T]()
	j.product = s.product.part(task, len(s.took))
	j.plan = j.cut(1)
	j.items(s.item, s.item+1)
	j.release()
	s.took[task] = time.Since(start)
}

// part is part i of n.
func (p product[T]) part(i, n int) product[T] {
	if p.byRows() {
		from := split(p.m, n, i)
		p.m, p.a.Data, p.c = split(p.m, n, i+1)-from, p.a.Data[from*step(p.a.Trans, p.a.LD):], p.c[from*p.ldc:]
		return p
	}
	vector := max(1, p.kernel.maxCols/2) // whole vectors
	vectors := ceil(p.n, vector)
	from := split(vectors, n, i) * vector
	p.n, p.b.Data, p.c = min(p.n, split(vectors, n, i+1)*vector)-from, p.b.Data[from*step(!p.b.Trans, p.b.LD):], p.c[from:]
	return p
}

// step is how far apart lines begin: one element where they lie across those in memory.
func step(across bool, ld int) int {
	if across {
		return 1
	}
	return ld
}

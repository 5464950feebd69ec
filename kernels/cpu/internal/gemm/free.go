package gemm

import (
	"sync"

	"drift/kernels"
)

// free are the jobs not in use, with their memory. There are never more than were at work at the same time.
type free[T kernels.Float] struct {
	sync.Mutex
	jobs []*job[T]
}

var (
	free32 free[float32]
	free64 free[float64]
)

func freeJobs[T kernels.Float]() *free[T] {
	if f, ok := any(&free32).(*free[T]); ok {
		return f
	}
	return any(&free64).(*free[T])
}

func take[T kernels.Float]() *job[T] {
	f := freeJobs[T]()
	f.Lock()
	defer f.Unlock()
	n := len(f.jobs)
	if n == 0 {
		return new(job[T])
	}
	j := f.jobs[n-1]
	f.jobs = f.jobs[:n-1]
	return j
}

// release gives the job back, without the operands, so that it does not keep them alive.
func (j *job[T]) release() {
	j.product, j.pool = product[T]{}, nil
	f := freeJobs[T]()
	f.Lock()
	defer f.Unlock()
	f.jobs = append(f.jobs, j)
}

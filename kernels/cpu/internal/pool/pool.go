// Package pool shares loops among a fixed number of threads.
//
// The goroutine that calls Run takes part as worker 0; the pool keeps Threads−1 helpers. Tasks are handed out by one atomic
// counter, so a helper that wakes late takes fewer tasks or none, and nobody waits for it. While one caller has the helpers,
// others (and Runs nested in a task) work alone, which cannot deadlock. What a task computes must depend on
// its number only, not on the worker: then results do not depend on the number of threads.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Task is a loop body. Two calls at the same time have different workers (0 … Threads−1) and different tasks.
type Task interface {
	Do(worker, task int)
}

// Pool is a fixed set of helpers. A nil *Pool is a pool of one thread.
type Pool struct {
	threads int
	owner   sync.Mutex // held by the caller that has the helpers
	state   atomic.Uint64
	next    atomic.Int64
	tasks   int
	task    Task
	started time.Time
	resume  atomic.Int64 // when, after a stall, helpers are called again: nanoseconds since epoch, 0 for at once
	parked  atomic.Int32
	wake    chan struct{}
	closed  atomic.Bool
	helpers sync.WaitGroup
}

// The state is the job's number, a bit that says that helpers may join, and the number of helpers at work.
const (
	joined  = 1<<16 - 1
	open    = 1 << 16
	jobUnit = 1 << 17
)

// spins is looks at the state before the first yield, about a tenth of a microsecond.
const spins = 200

// New starts a pool of n threads, n ≤ 0 meaning all that the Go runtime uses.
func New(n int) *Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: n, wake: make(chan struct{}, n)}
	for w := 1; w < n; w++ {
		p.helpers.Add(1)
		go p.help(w)
	}
	return p
}

// Threads is the number of workers that may run tasks at the same time.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return p.threads
}

// Close ends the helpers. No Run may be under way or follow.
func (p *Pool) Close() {
	if p == nil || p.closed.Swap(true) {
		return
	}
	close(p.wake)
	p.helpers.Wait()
}

// Run calls t.Do for tasks 0 … tasks−1, several at a time in any order, and returns when all are done. It allocates nothing.
func (p *Pool) Run(tasks int, t Task) {
	if p.Threads() == 1 || tasks < 2 || p.solo() || !p.owner.TryLock() {
		for i := range tasks {
			t.Do(0, i)
		}
		return
	}
	p.task, p.tasks, p.started = t, tasks, time.Now()
	p.next.Store(0)
	p.state.Store(p.state.Load() + jobUnit | open) // nobody is joined now: the last job waited for that
	for range min(int(p.parked.Load()), tasks-1) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	p.finish(p.work(0))
	p.task = nil
	p.owner.Unlock()
}

// work takes tasks until there are none and returns how many it did.
func (p *Pool) work(worker int) int {
	for t, n, done := p.task, int64(p.tasks), 0; ; done++ {
		i := p.next.Add(1) - 1
		if i >= n {
			return done
		}
		t.Do(worker, int(i))
	}
}

// finish lets no more helpers in and waits for those at work, the caller having done some tasks itself.
func (p *Pool) finish(done int) {
	s := p.state.Load()
	for !p.state.CompareAndSwap(s, s&^open) {
		s = p.state.Load()
	}
	var ready time.Time
	for i := 0; p.state.Load()&joined != 0; i++ {
		if i == spins {
			ready = time.Now()
		}
		if i > spins {
			runtime.Gosched()
		}
	}
	if ready.IsZero() {
		return
	}
	p.Waited(time.Since(ready), ready.Sub(p.started)/time.Duration(max(1, done)))
}

//go:build gpu

package cuda

import (
	"errors"
	"runtime"
	"sync"
)

var errClosed = errors.New("cuda: the device is closed")

// thread is an operating-system thread to which a context is bound: the driver keeps the current context for each thread,
// and goroutines move between threads.
type thread struct {
	mu    sync.Mutex
	work  chan func() error
	done  chan error
	ended bool
}

func newThread() *thread {
	t := &thread{work: make(chan func() error), done: make(chan error)}
	go func() {
		runtime.LockOSThread()
		for f := range t.work {
			t.done <- f()
		}
	}()
	return t
}

// do runs f on the thread and returns its error. Calls from several goroutines wait for each other; f must not call do.
func (t *thread) do(f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.submit(f)
}

// submit is do for a caller that holds mu.
func (t *thread) submit(f func() error) error {
	if t.ended {
		return errClosed
	}
	t.work <- f
	return <-t.done
}

// end lets the thread go; do fails from then on.
func (t *thread) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		close(t.work)
	}
}

//go:build gpu

package cuda

import (
	"errors"
	"runtime"
	"sync"

	"gorgonia.org/cu"
)

var errClosed = errors.New("cuda: the device is closed")

// turn lets one goroutine at a time work in a context. The driver keeps the current context for each thread of the operating system,
// and goroutines move between threads: whoever has the turn stays on its thread, to which the context is bound. That costs far
// less than to hand the work to a thread of the context's own and to wait for it.
type turn struct {
	mu      sync.Mutex
	context cu.CUContext
	ended   bool
}

// do runs f in the context and returns its error. Calls from several goroutines wait for each other; f must not call do.
func (t *turn) do(f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now(f)
}

// now is do for a caller that holds mu.
func (t *turn) now(f func() error) error {
	if t.ended {
		return errClosed
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if t.context != (cu.CUContext{}) {
		if err := cu.SetCurrentContext(t.context); err != nil {
			return err
		}
	}
	return f()
}

// end makes do fail from then on.
func (t *turn) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

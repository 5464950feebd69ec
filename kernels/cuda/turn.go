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
func (d *device) do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now(f)
}

// now is do for a caller that holds mu. The driver may report here, as anywhere, that a kernel has failed.
func (d *device) now(f func() error) error {
	if d.ended {
		return errClosed
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if d.context != (cu.CUContext{}) {
		if err := cu.SetCurrentContext(d.context); err != nil {
			return d.check("entering its context", err)
		}
	}
	return f()
}

// end makes do fail from then on.
func (d *device) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
}

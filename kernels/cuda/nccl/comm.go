//go:build gpu

package nccl

// #include "nccl.h"
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"gorgonia.org/cu"
)

// Comm is the communicator of one process, on the GPU of the context that was current when it joined. All its calls must come in that
// context.
type Comm struct {
	library *Library
	comm    unsafe.Pointer // nil once it has ended
	timeout time.Duration
}

// NCCL's results that are no errors.
const (
	success    = 0
	inProgress = 7
)

// Join is the communicator id of size processes, once all of them have come to it. After the timeout it says so; every later call gives
// up after it too.
func (l *Library) Join(id ID, rank, size int, timeout time.Duration) (*Comm, error) {
	c := &Comm{library: l, timeout: timeout}
	name := *(*C.drift_nccl_id)(unsafe.Pointer(&id))
	var comm unsafe.Pointer
	status := C.drift_nccl_init(&l.lib, &comm, C.int(size), &name, C.int(rank))
	c.comm = comm
	err := c.settled("ncclCommInitRankConfig", status)
	if err != nil {
		c.Abort()
		return nil, fmt.Errorf("joining %d processes: %w", size, err)
	}
	return c, nil
}

// Move is bytes of the device's memory that go to a process, or that come from it into that place.
type Move struct {
	At    uint64
	Bytes int
	Peer  int
	Out   bool
}

// Moves is a list of them for one call of the library.
type Moves []C.drift_move

// NewMoves leaves out what has no bytes.
func NewMoves(list []Move) (all Moves) {
	for _, m := range list {
		if m.Bytes == 0 {
			continue
		}
		move := C.drift_move{at: C.ulonglong(m.At), bytes: C.size_t(m.Bytes), peer: C.int(m.Peer)}
		if m.Out {
			move.out = 1
		}
		all = append(all, move)
	}
	return all
}

// Submit leaves moves to a stream. What goes to a process meets what that one expects from here, in the order of both lists.
func (c *Comm) Submit(s cu.Stream, moves Moves) error {
	if c.comm == nil {
		return errEnded
	}
	if len(moves) == 0 {
		return nil
	}
	var name *C.char
	status := C.drift_nccl_move(&c.library.lib, c.comm, unsafe.Pointer(s.C()), &moves[0], C.int(len(moves)), &name)
	return c.settled(C.GoString(name), status)
}

var errEnded = errors.New("NCCL's communicator has ended")

// settled waits until a call that returned a status is through.
func (c *Comm) settled(call string, status C.int) error {
	if status != success && status != inProgress {
		return fmt.Errorf("%s: %s", call, c.library.explain(c.comm, status))
	}
	return c.Wait(call, func() (bool, error) { return true, nil })
}

// ErrSilent says that another process did not come in time; why it did not, that one may know.
var ErrSilent = errors.New("another process does not answer")

// Wait asks, again and again, whether something is done that takes the other processes, and how the communicator is. It returns an error
// where that is not well, or when the time is up.
func (c *Comm) Wait(what string, done func() (bool, error)) error {
	for begin, nap := time.Now(), time.Duration(0); ; {
		var state C.int
		if status := C.drift_nccl_state(&c.library.lib, c.comm, &state); status != success {
			return fmt.Errorf("%s: ncclCommGetAsyncError: %s", what, c.library.explain(c.comm, status))
		}
		switch state {
		case success:
			if ok, err := done(); ok || err != nil {
				return err
			}
		case inProgress:
		default:
			return fmt.Errorf("%s: %s", what, c.library.explain(c.comm, state))
		}
		waited := time.Since(begin)
		if waited > c.timeout {
			return fmt.Errorf("%s: %w for %v", what, ErrSilent, c.timeout)
		}
		if waited > time.Millisecond { // what takes longer is waited for without a processor
			nap = min(max(2*nap, 20*time.Microsecond), 5*time.Millisecond)
			time.Sleep(nap)
		}
	}
}

// Abort ends the communicator, and what it still does on the device, without the others.
func (c *Comm) Abort() {
	if c.comm != nil {
		C.drift_nccl_abort(&c.library.lib, c.comm)
		c.comm = nil
	}
}

// leave is how long Close waits for the others.
const leave = 5 * time.Second

// Close ends the communicator, together with the others where they come to it too: what was moved is there, so that nothing can go wrong.
func (c *Comm) Close() {
	if c.comm == nil {
		return
	}
	c.timeout = min(c.timeout, leave)
	if err := c.settled("ncclCommFinalize", C.drift_nccl_finalize(&c.library.lib, c.comm)); err != nil {
		c.Abort()
		return
	}
	C.drift_nccl_destroy(&c.library.lib, c.comm)
	c.comm = nil
}

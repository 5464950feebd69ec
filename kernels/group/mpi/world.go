//go:build mpi && (linux || darwin)

package mpi

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"drift/kernels/group"
)

// world is all processes of MPI.
type world struct {
	*library
	rank, size int
	lock       sync.Mutex
	limit      time.Duration // of a call; 0 for none
	regions    [][]byte      // memory that MPI has seen
	room       [2][]byte     // for what lies elsewhere
	numbers    []int         // of the processes, by rank, where all are on this machine and are watched
	watcher    int           // number of the process that watches them; 0 for none
}

var _ group.Transport = (*world)(nil)

func (l *library) world() (*world, error) {
	var rank, size int32
	if err := l.call("MPI_Comm_rank", l.comm, uintptr(unsafe.Pointer(&rank))); err != nil {
		return nil, err
	}
	if err := l.call("MPI_Comm_size", l.comm, uintptr(unsafe.Pointer(&size))); err != nil {
		return nil, err
	}
	return &world{library: l, rank: int(rank), size: int(size)}, nil
}

func (w *world) Rank() int { return w.rank }
func (w *world) Size() int { return w.size }

// Reserve is memory that is never given back: MPI libraries remember what they have registered with a network card, and Go's heap moves
// under them.
func (w *world) Reserve(bytes int) []byte {
	b, err := syscall.Mmap(-1, 0, max(bytes, os.Getpagesize()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("out of memory for %d bytes that go between processes: %v", bytes, err))
	}
	w.regions = append(w.regions, b)
	return b
}

// shown is memory that MPI may see with b's bytes: b, or room.
func (w *world) shown(which int, b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	at := uintptr(unsafe.Pointer(&b[0]))
	for _, r := range w.regions {
		if from := uintptr(unsafe.Pointer(&r[0])); at >= from && at+uintptr(len(b)) <= from+uintptr(len(r)) {
			return b
		}
	}
	if len(w.room[which]) < len(b) {
		w.room[which] = w.Reserve(max(len(b), 2*len(w.room[which])))
	}
	return w.room[which][:len(b)]
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// pass calls a function of MPI with bytes that go out and bytes that come in. Memory that MPI sees stays, as a call that is given up may
// still write there.
func (w *world) pass(in, out []byte, call func(in, out uintptr) error) error {
	w.lock.Lock()
	defer w.lock.Unlock()
	to, from := w.shown(0, in), w.shown(1, out)
	if len(out) > 0 && &from[0] != &out[0] {
		copy(from, out)
	}
	if err := within(w.limit, w.stopped, func() error { return call(address(to), address(from)) }); err != nil {
		return err
	}
	if len(in) > 0 && &to[0] != &in[0] {
		copy(in, to)
	}
	return nil
}

func (w *world) Exchange(in, out []byte) error {
	n := uintptr(len(out) / w.size)
	return w.pass(in, out, func(in, out uintptr) error {
		return w.call("MPI_Alltoall", out, n, w.byteType, in, n, w.byteType, w.comm)
	})
}

func (w *world) Gather(all, own []byte) error {
	n := uintptr(len(own))
	return w.pass(all, own, func(all, own uintptr) error {
		return w.call("MPI_Allgather", own, n, w.byteType, all, n, w.byteType, w.comm)
	})
}

// mostBytes is how many bytes one call takes: MPI counts them in 32 bits.
const mostBytes = 1 << 30

func (w *world) Broadcast(b []byte) error {
	for len(b) > 0 {
		piece := b[:min(len(b), mostBytes)]
		b = b[len(piece):]
		var out []byte
		if w.rank == 0 {
			out = piece
		}
		err := w.pass(piece, nil, func(at, _ uintptr) error {
			copy(w.shown(0, piece), out)
			return w.call("MPI_Bcast", at, uintptr(len(piece)), w.byteType, 0, w.comm)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Abort ends all processes. The call waits for nobody, whatever another goroutine waits for in MPI.
func (w *world) Abort(status int) {
	w.unwatched()
	w.call("MPI_Abort", w.comm, uintptr(status))
	os.Exit(status)
}

func (w *world) Close() error {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.unwatched()
	return within(w.limit, w.stopped, func() error { return w.call("MPI_Finalize") })
}

package devicetest

import (
	"errors"
	"testing"

	"drift/kernels"
)

// OnScarceMemory does a job on a device whose memory ends after ever more allocations, until they are enough: before, the job must
// fail with an error, and always give back everything once.
func OnScarceMemory(t *testing.T, job func(dev kernels.Device) error) {
	t.Helper()
	dev := Open(1)
	defer dev.Close()
	for enough, given := false, 0; !enough; given++ {
		s := &scarce{Device: dev, left: given}
		err := job(s)
		enough = err == nil
		if s.live != 0 || len(s.misuse) > 0 {
			t.Errorf("where memory ends after %d allocations: %d not given back, %v", given, s.live, s.misuse)
		}
		if !enough && s.left > 0 {
			t.Fatalf("%d allocations are enough, and yet: %v", given, err)
		}
	}
}

// scarce is a device that refuses after a number of buffers and executables, and keeps account of what it gave out.
type scarce struct {
	kernels.Device
	left   int      // buffers and executables that it will still give
	live   int      // given and not yet given back
	misuse []string // what was freed twice, or used after it was freed
}

var errScarce = errors.New("out of memory")

// give counts something given out.
func (s *scarce) give(err error) error {
	if err == nil {
		s.left--
		s.live++
	}
	return err
}

func (s *scarce) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	if s.left == 0 {
		return nil, errScarce
	}
	b, err := s.Device.NewBuffer(dt, n)
	if s.give(err) != nil {
		return nil, err
	}
	return &watched{Buffer: b, freed: new(bool), device: s}, nil
}

func (s *scarce) Load(calls []kernels.Call) (kernels.Executable, error) {
	if s.left == 0 {
		return nil, errScarce
	}
	bare := make([]kernels.Call, len(calls))
	for k, c := range calls {
		bare[k] = kernels.Call{Op: c.Op, Out: s.bare(c.Out), In: s.bare(c.In)}
	}
	run, err := s.Device.Load(bare)
	if s.give(err) != nil {
		return nil, err
	}
	return &watchedRun{Executable: run, device: s}, nil
}

// bare is the device's own buffers behind watched ones.
func (s *scarce) bare(buffers []kernels.Buffer) []kernels.Buffer {
	var all []kernels.Buffer
	for _, b := range buffers {
		w := b.(*watched)
		w.check("a program")
		all = append(all, w.Buffer)
	}
	return all
}

// Close leaves the device to its next user.
func (s *scarce) Close() error { return nil }

func (s *scarce) misused(what string) { s.misuse = append(s.misuse, what) }

// watched is a buffer, or a part of one, of a scarce device.
type watched struct {
	kernels.Buffer
	freed  *bool
	device *scarce
}

func (w *watched) check(user string) {
	if *w.freed {
		w.device.misused(user + " uses a buffer that was freed")
	}
}

func (w *watched) Slice(from, to int) kernels.Buffer {
	return &watched{w.Buffer.Slice(from, to), w.freed, w.device}
}

func (w *watched) Write(src any) error {
	w.check("a write")
	return w.Buffer.Write(src)
}

func (w *watched) Read(dst any) error {
	w.check("a read")
	return w.Buffer.Read(dst)
}

func (w *watched) Free() {
	if *w.freed {
		w.device.misused("a buffer was freed twice")
		return
	}
	*w.freed = true
	w.device.live--
	w.Buffer.Free()
}

// watchedRun is an executable of a scarce device.
type watchedRun struct {
	kernels.Executable
	device *scarce
	closed bool
}

func (r *watchedRun) Close() {
	if r.closed {
		r.device.misused("an executable was closed twice")
		return
	}
	r.closed = true
	r.device.live--
	r.Executable.Close()
}

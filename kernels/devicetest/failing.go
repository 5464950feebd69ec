package devicetest

import (
	"errors"
	"math"
	"testing"

	"drift/kernels"
)

// OnFailingDevice does a job on a device whose memory ends after ever more allocations, until they are enough, and then on one that is
// lost after ever more operations, some thirty times; on an emulated GPU fewer. Each time the job must fail with an error, and give back
// everything once.
func OnFailingDevice(t *testing.T, job func(dev kernels.Device) error) {
	t.Helper()
	dev := Open(1)
	defer dev.Close()
	const enough = math.MaxInt
	try := func(allocations, operations int) (used int, done bool) {
		d := &failing{Device: dev, allocations: allocations, operations: operations}
		err := job(d)
		if d.live != 0 || len(d.misuse) > 0 {
			t.Errorf("after %d allocations or %d operations: %d not given back, %v", allocations, operations, d.live, d.misuse)
		}
		if d.failed != (err != nil) {
			t.Fatalf("after %d allocations or %d operations the job ended with %v", allocations, operations, err)
		}
		return operations - d.operations, err == nil
	}
	allocations, all, step, times := 0, 0, 1, 30
	if Emulated() {
		step, times = 7, 6
	}
	for done := false; !done; allocations += step {
		all, done = try(allocations, enough)
	}
	for operations := 0; operations < all; operations += 1 + all/times {
		try(enough, operations)
	}
}

// failing is a device that refuses after a number of buffers and executables, or of reads, writes and runs, and keeps account of what
// it gave out.
type failing struct {
	kernels.Device
	allocations, operations int      // that it will still do
	failed                  bool     // it refused
	live                    int      // given and not yet given back
	misuse                  []string // what was freed twice, or used after it was freed
}

var errScarce, errLost = errors.New("out of memory"), errors.New("the device is lost")

// allocate counts something to be given out.
func (s *failing) allocate() error {
	if s.allocations == 0 {
		s.failed = true
		return errScarce
	}
	s.allocations--
	s.live++
	return nil
}

// operate counts a read, write or run.
func (s *failing) operate() error {
	if s.operations == 0 {
		s.failed = true
		return errLost
	}
	s.operations--
	return nil
}

func (s *failing) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	b, err := s.Device.NewBuffer(dt, n)
	if err == nil {
		err = s.allocate()
	}
	if err != nil {
		return nil, err
	}
	return &watched{Buffer: b, freed: new(bool), device: s}, nil
}

func (s *failing) Load(calls []kernels.Call) (kernels.Executable, error) {
	bare := make([]kernels.Call, len(calls))
	for k, c := range calls {
		bare[k] = kernels.Call{Op: c.Op, Out: s.bare(c.Out), In: s.bare(c.In)}
	}
	run, err := s.Device.Load(bare)
	if err == nil {
		err = s.allocate()
	}
	if err != nil {
		return nil, err
	}
	return &watchedRun{Executable: run, device: s}, nil
}

// bare is the device's own buffers behind watched ones.
func (s *failing) bare(buffers []kernels.Buffer) []kernels.Buffer {
	var all []kernels.Buffer
	for _, b := range buffers {
		w := b.(*watched)
		w.check("a program")
		all = append(all, w.Buffer)
	}
	return all
}

// Close leaves the device to its next user.
func (s *failing) Close() error { return nil }

func (s *failing) misused(what string) { s.misuse = append(s.misuse, what) }

// watched is a buffer, or a part of one, of a failing device.
type watched struct {
	kernels.Buffer
	freed  *bool
	device *failing
}

func (w *watched) check(user string) {
	if *w.freed {
		w.device.misused(user + " uses a buffer that was freed")
	}
}

func (w *watched) Slice(from, to int) kernels.Buffer {
	return &watched{w.Buffer.Slice(from, to), w.freed, w.device}
}

func (w *watched) Version() *kernels.Version { return kernels.VersionOf(w.Buffer) }

func (w *watched) Write(src any) error {
	w.check("a write")
	if err := w.device.operate(); err != nil {
		return err
	}
	return w.Buffer.Write(src)
}

func (w *watched) Read(dst any) error {
	w.check("a read")
	if err := w.device.operate(); err != nil {
		return err
	}
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

// watchedRun is an executable of a failing device.
type watchedRun struct {
	kernels.Executable
	device *failing
	closed bool
}

func (r *watchedRun) Run() error {
	if err := r.device.operate(); err != nil {
		return err
	}
	return r.Executable.Run()
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

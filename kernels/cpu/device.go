// Package cpu runs kernels on the processor, in parallel on a fixed number of threads.
//
// Loading a call resolves its operands to slices and cuts its work into pieces by sizes alone, so results are the same
// bits for any number of threads, and running it allocates nothing.
package cpu

import (
	"fmt"
	"runtime/debug"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/profile"
)

var _ kernels.Device = (*device)(nil)

// Options choose how a device works.
type Options struct {
	Threads int              // workers, the calling goroutine included; 0 means all that the Go runtime uses
	Profile *profile.Profile // if set, gets the time of every call
}

type device struct {
	pool    *pool.Pool
	profile *profile.Profile
}

// New is a device on this machine's processor. The environment variable DRIFT_CPU forces an instruction set, for example avx2; a
// value that this machine cannot follow is an error of the device's first use.
func New(o Options) kernels.Device { return &device{pool.New(o.Threads), o.Profile} }

// Instructions names the instruction set that the kernels use on this machine, DRIFT_CPU considered.
func Instructions() (string, error) {
	err := level.Check()
	return level.Active().String(), err
}

func (d *device) Name() string { return "cpu" }

// small is the elements of a buffer for which the system is not asked whether they fit: asking takes longer than making it.
const small = 1 << 18

func (d *device) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	if err := level.Check(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	if n < 0 {
		return nil, fmt.Errorf("cpu: a buffer of %d elements", n)
	}
	if n > small && int64(n) > d.FreeBytes()/int64(dt.Size()) {
		debug.FreeOSMemory() // freed buffers may not have been collected yet
		if free := d.FreeBytes(); int64(n) > free/int64(dt.Size()) {
			return nil, fmt.Errorf("cpu: a buffer of %d %v needs %.1f GB, %.1f GB are free: use a smaller chunk or model",
				n, dt, float64(n)*float64(dt.Size())/1e9, float64(free)/1e9)
		}
	}
	switch dt {
	case kernels.Float64:
		return &buffer[float64]{onHugePages(make([]float64, n)), new(kernels.Version)}, nil
	case kernels.Int32:
		return &indices{make([]int32, n), new(kernels.Version)}, nil
	case kernels.Uint8:
		return &exact[byte]{make([]byte, n), new(kernels.Version)}, nil
	case kernels.BFloat16:
		return nil, fmt.Errorf("cpu: a buffer of %v: float32 is stored as it is", dt)
	}
	return &buffer[float32]{onHugePages(make([]float32, n)), new(kernels.Version)}, nil
}

func (d *device) Load(calls []kernels.Call) (kernels.Executable, error) {
	if err := level.Check(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	l := loader{threads: d.pool.Threads(), local: new(arena), shared: new(arena)}
	var parts []part
	for i, c := range calls {
		if err := l.load(c); err != nil {
			return nil, fmt.Errorf("cpu: call %d: %w", i, err)
		}
		if d.profile != nil {
			parts = append(parts, part{key: profile.Of(c), end: len(l.steps)})
		}
	}
	l.local.allocate(l.threads)
	l.shared.allocate(1)
	e := &executable{d.pool, l.steps, l.bytes + l.local.bytes() + l.shared.bytes(), kernels.Written(calls)}
	if d.profile != nil {
		return &profiled{e, d.profile, parts}, nil
	}
	return e, nil
}

// Synchronize has nothing to wait for: Run returns when the work is done.
func (d *device) Synchronize() error { return nil }

func (d *device) Close() error {
	d.pool.Close()
	return nil
}

// executable runs its steps in order. One executable runs once at a time; different ones may run concurrently.
type executable struct {
	pool    *pool.Pool
	steps   []step
	scratch int64
	written []*kernels.Version // of its outputs
}

func (e *executable) Run() error {
	e.changes()
	for _, s := range e.steps {
		s(e.pool)
	}
	return nil
}

// changes tells of what a run writes.
func (e *executable) changes() {
	for _, v := range e.written {
		v.Changed()
	}
}

func (e *executable) ScratchBytes() int64 { return e.scratch }
func (e *executable) Close()              { e.steps = nil }

//go:build gpu

package cuda

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// stageBytes is the size of one piece of a transfer, and stages how many pieces may be on their way, so that a program that writes a few
// small buffers for every step runs ahead of the device.
const (
	stageBytes = 2 << 20
	stages     = 8
)

// stage is pinned host memory; its event says when the last copy out of it has been made.
type stage struct {
	memory unsafe.Pointer
	copied cu.Event
}

func (s *stage) open() (err error) {
	if s.memory, err = driver.HostAlloc(stageBytes); err == nil {
		s.copied, err = cu.MakeEvent(cu.DisableTiming)
	}
	return err
}

func (s *stage) close() {
	if s.memory != nil {
		cu.MemFreeHost(s.memory)
	}
	if s.copied != (cu.Event{}) {
		cu.DestroyEvent(&s.copied)
	}
}

// transfer is a Write or Read that waits for its turn. It is kept in the device, so that a call allocates nothing.
type transfer struct {
	buffer *buffer
	host   any
	up     bool
}

// Write copies through pinned memory, so that it returns while the device still works on what came before.
func (b *buffer) Write(src any) error { return b.transfer("writing", src, true) }
func (b *buffer) Read(dst any) error  { return b.transfer("reading", dst, false) }

func (b *buffer) transfer(doing string, host any, up bool) error {
	if err := b.fits(host); err != nil {
		return fmt.Errorf("%s: %s: %w", b.device.name, doing, err)
	}
	d := b.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if up {
		b.version.Changed()
	}
	d.transfer = transfer{b, host, up}
	return d.check(doing, d.now(d.move))
}

// run makes the transfer in pieces that fit a stage.
func (t transfer) run() error {
	b, d := t.buffer, t.buffer.device
	if b.n == 0 && !t.up {
		return d.stream.Synchronize()
	}
	step := stageBytes / b.dtype.Size()
	for from := 0; from < b.n; from += step {
		n := min(step, b.n-from)
		s := &d.staging[d.next]
		d.next = (d.next + 1) % len(d.staging)
		err := s.copied.Synchronize()
		if err == nil && t.up {
			err = b.upload(s, t.host, from, n)
		} else if err == nil {
			err = b.download(s, t.host, from, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *buffer) upload(s *stage, src any, from, n int) error {
	switch b.dtype {
	case kernels.Float64:
		fill(unsafe.Slice((*float64)(s.memory), n), src, from)
	case kernels.Int32:
		copy(unsafe.Slice((*int32)(s.memory), n), src.([]int32)[from:])
	case kernels.Uint8:
		copy(unsafe.Slice((*byte)(s.memory), n), src.([]byte)[from:])
	case kernels.BFloat16:
		fillNarrow(unsafe.Slice((*uint16)(s.memory), n), src, from)
	default:
		fill(unsafe.Slice((*float32)(s.memory), n), src, from)
	}
	err := cu.MemcpyHtoDAsync(b.place(from), s.memory, int64(n*b.dtype.Size()), b.device.stream)
	if err != nil {
		return err
	}
	return s.copied.Record(b.device.stream)
}

func (b *buffer) download(s *stage, dst any, from, n int) error {
	err := cu.MemcpyDtoHAsync(s.memory, b.place(from), int64(n*b.dtype.Size()), b.device.stream)
	if err == nil {
		err = b.device.stream.Synchronize()
	}
	if err != nil {
		return err
	}
	switch b.dtype {
	case kernels.Float64:
		drain(unsafe.Slice((*float64)(s.memory), n), dst, from)
	case kernels.Int32:
		copy(dst.([]int32)[from:], unsafe.Slice((*int32)(s.memory), n))
	case kernels.Uint8:
		copy(dst.([]byte)[from:], unsafe.Slice((*byte)(s.memory), n))
	case kernels.BFloat16:
		drainNarrow(unsafe.Slice((*uint16)(s.memory), n), dst, from)
	default:
		drain(unsafe.Slice((*float32)(s.memory), n), dst, from)
	}
	return nil
}

func (b *buffer) place(from int) cu.DevicePtr {
	return cu.DevicePtr(b.ptr + uint64(from*b.dtype.Size()))
}

func (b *buffer) fits(host any) error {
	n, exact := -1, kernels.Float32 // exact is the only type that takes it, where that is none of numbers
	switch s := host.(type) {
	case []float32:
		n = len(s)
	case []float64:
		n = len(s)
	case []int32:
		n, exact = len(s), kernels.Int32
	case []byte:
		n, exact = len(s), kernels.Uint8
	}
	own := kernels.Float32
	if b.dtype == kernels.Int32 || b.dtype == kernels.Uint8 {
		own = b.dtype
	}
	if n < 0 || exact != own {
		return fmt.Errorf("%T for a buffer of %v: want []float32 or []float64, for indices []int32, for bytes []byte", host, b.dtype)
	}
	if n != b.n {
		return fmt.Errorf("%d elements for a buffer of %d", n, b.n)
	}
	return nil
}

// fill converts host[from:] into stage, drain stage into host[from:].
func fill[T kernels.Float](stage []T, host any, from int) {
	switch s := host.(type) {
	case []float32:
		convert(stage, s[from:])
	case []float64:
		convert(stage, s[from:])
	}
}

func drain[T kernels.Float](stage []T, host any, from int) {
	switch s := host.(type) {
	case []float32:
		convert(s[from:from+len(stage)], stage)
	case []float64:
		convert(s[from:from+len(stage)], stage)
	}
}

// fillNarrow and drainNarrow are for a stage of bfloat16.
func fillNarrow(stage []uint16, host any, from int) {
	wide := make([]float32, len(stage))
	fill(wide, host, from)
	for i, x := range wide {
		stage[i] = kernels.ToBFloat16(x)
	}
}

func drainNarrow(stage []uint16, host any, from int) {
	wide := make([]float32, len(stage))
	for i, bits := range stage {
		wide[i] = kernels.FromBFloat16(bits)
	}
	drain(wide, host, from)
}

func convert[T, S kernels.Float](dst []T, src []S) {
	if same, ok := any(src).([]T); ok {
		copy(dst, same)
		return
	}
	for i := range dst {
		dst[i] = T(src[i])
	}
}

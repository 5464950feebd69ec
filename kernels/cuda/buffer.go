//go:build gpu

package cuda

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// buffer is a run of elements in the device's memory.
type buffer struct {
	device *device
	ptr    uint64
	dtype  kernels.DType
	n      int
	whole  bool // owns its block
}

func (d *device) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	if n < 0 {
		return nil, fmt.Errorf("%s: buffer of %d elements", d.name, n)
	}
	b := &buffer{device: d, dtype: dt, n: n, whole: true}
	bytes := int64(n) * int64(dt.Size())
	err := d.do(func() (err error) {
		if b.ptr, err = d.pool.get(bytes); err != nil || n == 0 {
			return err
		}
		return d.check("clearing a buffer", cu.MemsetD8Async(cu.DevicePtr(b.ptr), 0, bytes, d.stream))
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *buffer) DType() kernels.DType { return b.dtype }
func (b *buffer) Len() int             { return b.n }

func (b *buffer) Slice(from, to int) kernels.Buffer {
	if from < 0 || to < from || to > b.n {
		panic(fmt.Sprintf("cuda: slice %d:%d of a buffer of %d elements", from, to, b.n))
	}
	return &buffer{device: b.device, ptr: b.ptr + uint64(from*b.dtype.Size()), dtype: b.dtype, n: to - from}
}

func (b *buffer) Free() {
	if !b.whole {
		return
	}
	b.whole = false
	b.device.do(func() error {
		b.device.pool.put(b.ptr)
		return nil
	})
}

// stageBytes is the size of one piece of a transfer.
const stageBytes = 4 << 20

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
		cu.DestroyEvent(&s.copied)
	}
}

// Write copies through pinned memory, so that it returns while the device still works on what came before.
func (b *buffer) Write(src any) error {
	if err := b.fits(src); err != nil {
		return fmt.Errorf("%s: writing: %w", b.device.name, err)
	}
	d := b.device
	return d.do(func() error {
		return b.pieces(func(from, to int) error {
			s := &d.staging[d.next]
			d.next = (d.next + 1) % len(d.staging)
			if err := s.copied.Synchronize(); err != nil {
				return d.check("writing", err)
			}
			if b.dtype == kernels.Float64 {
				fill(unsafe.Slice((*float64)(s.memory), to-from), src, from)
			} else {
				fill(unsafe.Slice((*float32)(s.memory), to-from), src, from)
			}
			err := cu.MemcpyHtoDAsync(b.place(from), s.memory, int64((to-from)*b.dtype.Size()), d.stream)
			if err == nil {
				err = s.copied.Record(d.stream)
			}
			return d.check("writing", err)
		})
	})
}

func (b *buffer) Read(dst any) error {
	if err := b.fits(dst); err != nil {
		return fmt.Errorf("%s: reading: %w", b.device.name, err)
	}
	d := b.device
	return d.do(func() error {
		if b.n == 0 {
			return d.check("reading", d.stream.Synchronize())
		}
		return b.pieces(func(from, to int) error {
			memory := d.staging[0].memory
			err := cu.MemcpyDtoHAsync(memory, b.place(from), int64((to-from)*b.dtype.Size()), d.stream)
			if err == nil {
				err = d.stream.Synchronize()
			}
			if err != nil {
				return d.check("reading", err)
			}
			if b.dtype == kernels.Float64 {
				drain(unsafe.Slice((*float64)(memory), to-from), dst, from)
			} else {
				drain(unsafe.Slice((*float32)(memory), to-from), dst, from)
			}
			return nil
		})
	})
}

// pieces calls f for runs of elements that fit a stage.
func (b *buffer) pieces(f func(from, to int) error) error {
	step := stageBytes / b.dtype.Size()
	for from := 0; from < b.n; from += step {
		if err := f(from, min(from+step, b.n)); err != nil {
			return err
		}
	}
	return nil
}

func (b *buffer) place(from int) cu.DevicePtr {
	return cu.DevicePtr(b.ptr + uint64(from*b.dtype.Size()))
}

func (b *buffer) fits(host any) error {
	n := -1
	switch s := host.(type) {
	case []float32:
		n = len(s)
	case []float64:
		n = len(s)
	default:
		return fmt.Errorf("%T: want []float32 or []float64", host)
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

func convert[T, S kernels.Float](dst []T, src []S) {
	if same, ok := any(src).([]T); ok {
		copy(dst, same)
		return
	}
	for i := range dst {
		dst[i] = T(src[i])
	}
}

//go:build gpu

package cuda

import (
	"fmt"

	"gorgonia.org/cu"

	"drift/kernels"
)

// buffer is a run of elements in the device's memory.
type buffer struct {
	device *device
	ptr    uint64
	dtype  kernels.DType
	n      int
	whole  bool // owns its block

	version *kernels.Version // of the block
}

var _ kernels.Versioned = (*buffer)(nil)

func (d *device) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	if n < 0 {
		return nil, fmt.Errorf("%s: buffer of %d elements", d.name, n)
	}
	b := &buffer{device: d, dtype: dt, n: n, whole: true, version: new(kernels.Version)}
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

func (b *buffer) DType() kernels.DType      { return b.dtype }
func (b *buffer) Len() int                  { return b.n }
func (b *buffer) Version() *kernels.Version { return b.version }

func (b *buffer) Slice(from, to int) kernels.Buffer {
	if from < 0 || to < from || to > b.n {
		panic(fmt.Sprintf("cuda: slice %d:%d of a buffer of %d elements", from, to, b.n))
	}
	return &buffer{device: b.device, ptr: b.ptr + uint64(from*b.dtype.Size()), dtype: b.dtype, n: to - from, version: b.version}
}

func (b *buffer) bytes() int { return b.n * b.dtype.Size() }

// View is the same memory with elements of another type.
func (b *buffer) View(dt kernels.DType, n int) kernels.Buffer {
	if n < 0 || n*dt.Size() > b.bytes() {
		panic(fmt.Sprintf("cuda: %d elements of %v in a buffer of %d bytes", n, dt, b.bytes()))
	}
	return &buffer{device: b.device, ptr: b.ptr, dtype: dt, n: n, version: b.version}
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

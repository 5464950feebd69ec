package profile

import (
	"fmt"
	"math"

	"drift/kernels"
)

// Counting is a device that computes nothing: it adds the calls of every program that runs to a profile, with their bytes and operations
// and no time, and the bytes that are written to its buffers. Its buffers have no memory and read as zeros, so that works of any size are counted at once.
func Counting(p *Profile) kernels.Device { return counting{p, kernels.Float32} }

// CountingStored counts for a device that stores values of float32 in another type: see kernels.Storing.
func CountingStored(p *Profile, stored kernels.DType) kernels.Device { return counting{p, stored} }

type counting struct {
	profile *Profile
	stored  kernels.DType
}

func (d counting) Storage() kernels.DType { return d.stored }

func (counting) Name() string { return "counting" }

func (d counting) NewBuffer(dt kernels.DType, n int) (kernels.Buffer, error) {
	if n < 0 {
		return nil, fmt.Errorf("counting: a buffer of %d elements", n)
	}
	return &empty{d.profile, dt, n, new(kernels.Version)}, nil
}

func (d counting) Load(calls []kernels.Call) (kernels.Executable, error) {
	c := counted{profile: d.profile, keys: make([]Key, len(calls)), written: kernels.Written(calls)}
	for i, call := range calls {
		if err := call.Check(); err != nil {
			return nil, fmt.Errorf("counting: call %d: %w", i, err)
		}
		c.keys[i] = Of(call)
	}
	return c, nil
}

func (counting) Synchronize() error { return nil }

func (counting) FreeBytes() int64 { return math.MaxInt64 }

func (counting) Close() error { return nil }

// counted is a program that counts its calls each time it runs.
type counted struct {
	profile *Profile
	keys    []Key
	written []*kernels.Version
}

func (c counted) Run() error {
	for _, v := range c.written {
		v.Changed()
	}
	for _, k := range c.keys {
		c.profile.Add(k, 0)
	}
	return nil
}

func (counted) ScratchBytes() int64 { return 0 }

func (counted) Close() {}

// empty is a buffer without memory. Each has an address of its own, by which the layers above tell buffers apart.
type empty struct {
	profile *Profile
	dtype   kernels.DType
	n       int
	version *kernels.Version
}

func (b *empty) Version() *kernels.Version { return b.version }

func (b *empty) DType() kernels.DType { return b.dtype }

func (b *empty) Len() int { return b.n }

func (b *empty) Slice(from, to int) kernels.Buffer {
	return &empty{b.profile, b.dtype, to - from, b.version}
}

func (b *empty) View(dt kernels.DType, n int) kernels.Buffer {
	return &empty{b.profile, dt, n, b.version}
}

func (b *empty) Write(src any) error {
	b.version.Changed()
	err := b.fits(src)
	if err == nil {
		b.profile.AddUpload(b.n * b.dtype.Size())
	}
	return err
}

func (b *empty) fits(host any) error {
	n := -1
	switch x := host.(type) {
	case []float32:
		n = len(x)
	case []float64:
		n = len(x)
	case []int32:
		n = len(x)
	case []byte:
		n = len(x)
	}
	if n != b.n {
		return fmt.Errorf("counting: a %T of %d elements for a buffer of %d", host, n, b.n)
	}
	return nil
}

func (b *empty) Read(dst any) error {
	if err := b.fits(dst); err != nil {
		return err
	}
	switch x := dst.(type) {
	case []float32:
		clear(x)
	case []float64:
		clear(x)
	case []int32:
		clear(x)
	case []byte:
		clear(x)
	}
	return nil
}

func (*empty) Free() {}

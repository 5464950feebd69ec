package cpu

import (
	"fmt"

	"drift/kernels"
)

// unknownMemory is taken as free where the system does not say.
const unknownMemory = 4 << 30

type buffer[T kernels.Float] struct {
	data    []T
	version *kernels.Version
}

var _ kernels.Versioned = (*buffer[float32])(nil)

func (b *buffer[T]) DType() kernels.DType {
	if _, ok := any(b).(*buffer[float64]); ok {
		return kernels.Float64
	}
	return kernels.Float32
}

func (b *buffer[T]) Len() int { return len(b.data) }

func (b *buffer[T]) Slice(from, to int) kernels.Buffer {
	return &buffer[T]{b.data[from:to:to], b.version}
}

func (b *buffer[T]) Version() *kernels.Version { return b.version }

func (b *buffer[T]) Free() { b.data = nil }

func (b *buffer[T]) Write(src any) error {
	b.version.Changed()
	switch s := src.(type) {
	case []float32:
		return convert(b.data, s, "write")
	case []float64:
		return convert(b.data, s, "write")
	}
	return fmt.Errorf("cpu: write from a %T: use []float32 or []float64", src)
}

func (b *buffer[T]) Read(dst any) error {
	switch d := dst.(type) {
	case []float32:
		return convert(d, b.data, "read")
	case []float64:
		return convert(d, b.data, "read")
	}
	return fmt.Errorf("cpu: read into a %T: use []float32 or []float64", dst)
}

func convert[D, S kernels.Float](dst []D, src []S, what string) error {
	if len(dst) != len(src) {
		return fmt.Errorf("cpu: %s of %d elements from %d: the lengths must be equal", what, len(dst), len(src))
	}
	if same, ok := any(src).([]D); ok {
		copy(dst, same)
		return nil
	}
	for i, v := range src {
		dst[i] = D(v)
	}
	return nil
}

package cpu

import (
	"fmt"

	"drift/kernels"
)

// exact is a buffer of Int32, which are indices, or of Uint8, which are data as they are stored.
type exact[E int32 | byte] struct {
	data    []E
	version *kernels.Version
}

var _ kernels.Versioned = (*indices)(nil)

type indices = exact[int32]

func (b *exact[E]) DType() kernels.DType {
	if _, ok := any(b).(*exact[byte]); ok {
		return kernels.Uint8
	}
	return kernels.Int32
}

func (b *exact[E]) Len() int                  { return len(b.data) }
func (b *exact[E]) Version() *kernels.Version { return b.version }
func (b *exact[E]) Free()                     { b.data = nil }

func (b *exact[E]) Slice(from, to int) kernels.Buffer {
	return &exact[E]{b.data[from:to:to], b.version}
}

func (b *exact[E]) Write(src any) error {
	b.version.Changed()
	return exchange(b, src, "write from", func(host []E) { copy(b.data, host) })
}
func (b *exact[E]) Read(dst any) error {
	return exchange(b, dst, "read into", func(host []E) { copy(host, b.data) })
}

func exchange[E int32 | byte](b *exact[E], host any, what string, move func([]E)) error {
	numbers, ok := host.([]E)
	if !ok {
		return fmt.Errorf("cpu: %s a %T for a buffer of %v: use %T", what, host, b.DType(), b.data)
	}
	if len(numbers) != len(b.data) {
		return fmt.Errorf("cpu: %s %d elements for a buffer of %d: the lengths must be equal", what, len(numbers), len(b.data))
	}
	move(numbers)
	return nil
}

func loadCast[T kernels.Float](l *loader, p kernels.Cast, o operands[T]) {
	out, x := o.index, o.in[0]
	l.parallel(p.N, 2, func(_, from, to int) {
		for i, v := range x[from:to] {
			out[from+i] = -1
			if v >= 0 && v < 1<<31 {
				out[from+i] = int32(v)
			}
		}
	})
}

func loadNumber[T kernels.Float](l *loader, p kernels.Number, o operands[T]) {
	out, x := o.out[0], o.index
	l.parallel(p.N, 2, func(_, from, to int) {
		for i, v := range x[from:to] {
			out[from+i] = T(v)
		}
	})
}

func loadKnown(l *loader, p kernels.Known, out, x []int32) {
	l.parallel(p.N, 2, func(_, from, to int) {
		for i, v := range x[from:to] {
			out[from+i] = max(v, 0)
		}
	})
}

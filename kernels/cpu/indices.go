package cpu

import (
	"fmt"

	"drift/kernels"
)

// indices is a buffer of Int32.
type indices struct{ data []int32 }

func (b *indices) DType() kernels.DType              { return kernels.Int32 }
func (b *indices) Len() int                          { return len(b.data) }
func (b *indices) Slice(from, to int) kernels.Buffer { return &indices{b.data[from:to:to]} }
func (b *indices) Free()                             { b.data = nil }
func (b *indices) Write(src any) error {
	return exchange(b, src, "write from", func(host []int32) { copy(b.data, host) })
}
func (b *indices) Read(dst any) error {
	return exchange(b, dst, "read into", func(host []int32) { copy(host, b.data) })
}

func exchange(b *indices, host any, what string, move func([]int32)) error {
	numbers, ok := host.([]int32)
	if !ok {
		return fmt.Errorf("cpu: %s a %T: indices are []int32", what, host)
	}
	if len(numbers) != len(b.data) {
		return fmt.Errorf("cpu: %s %d indices for a buffer of %d: the lengths must be equal", what, len(numbers), len(b.data))
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

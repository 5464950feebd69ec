package kerneltest

import (
	"slices"

	"drift/kernels"
)

func testBuffers(s *suite) {
	for _, n := range []int{0, 1, 5, 100000} {
		b, err := s.device.NewBuffer(s.dt, n)
		if err != nil {
			s.Fatal(err)
		}
		if b.Len() != n || b.DType() != s.dt {
			s.Fatalf("a buffer of %d %v, want %d %v", b.Len(), b.DType(), n, s.dt)
		}
		if x := s.read(b); !same(x, make([]float64, n)) {
			s.Fatal("a new buffer is not zero")
		}
		x, single := s.normal(n), make([]float32, n)
		for i, v := range x {
			single[i] = float32(v)
		}
		for _, src := range []any{x, single} {
			if err := b.Write(src); err != nil {
				s.Fatal(err)
			}
			if !same(s.read(b), x) {
				s.Fatalf("%T written and read as float64 differ", src)
			}
			if err := b.Read(single); err != nil {
				s.Fatal(err)
			}
			for i, v := range single {
				if float64(v) != x[i] {
					s.Fatalf("%T written and read as float32 differ", src)
				}
			}
		}
		for _, wrong := range []any{make([]float64, n+1), make([]float32, n+1), make([]int, n), nil} {
			if b.Write(wrong) == nil || b.Read(wrong) == nil {
				s.Fatalf("%T of another length or type was taken", wrong)
			}
		}
		b.Free()
	}
	b, whole := s.view([]float64{1, 2, 3, 4})
	before, _ := s.around()
	part := b.Slice(1, 3)
	if err := part.Write([]float64{8, 9}); err != nil {
		s.Fatal(err)
	}
	if got := s.read(whole); !same(got[before:before+4], []float64{1, 8, 9, 4}) {
		s.Fatalf("writing a slice gave %v", got)
	}
	indices, err := s.device.NewBuffer(kernels.Int32, 100000)
	if err != nil {
		s.Fatal(err)
	}
	list, back := make([]int32, indices.Len()), make([]int32, indices.Len())
	for i := range list {
		list[i] = int32(s.rng.Uint32())
	}
	if err := indices.Write(list); err != nil {
		s.Fatal(err)
	}
	if err := indices.Read(back); err != nil || !slices.Equal(list, back) || indices.DType() != kernels.Int32 {
		s.Fatalf("indices written and read differ (%v)", err)
	}
	for _, wrong := range []any{make([]float64, 100000), make([]float32, 100000), list[1:], nil} {
		if indices.Write(wrong) == nil || indices.Read(wrong) == nil {
			s.Fatalf("a buffer of indices took %T", wrong)
		}
	}
	if b.Write([]int32{1, 2, 3, 4}) == nil || b.Write([]byte{1, 2, 3, 4}) == nil {
		s.Error("a buffer of numbers took indices or bytes")
	}
	testBytes(s)
	indices.Free()
	if _, err := s.device.NewBuffer(s.dt, -1); err == nil {
		s.Error("a buffer of −1 elements")
	}
	if _, err := s.device.NewBuffer(s.dt, 1<<50); err == nil {
		s.Error("a buffer larger than any memory")
	}
}

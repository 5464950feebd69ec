package profile

import (
	"testing"

	"drift/kernels"
)

// A program adds its calls each time it runs, and computes nothing.
func TestCounting(t *testing.T) {
	p := new(Profile)
	d := Counting(p)
	product := kernels.Gemm{Batch: 1, M: 1 << 20, N: 1 << 20, K: 1 << 20, Alpha: 1}
	call, free, err := kernels.Allocate(d, kernels.Float64, product)
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	e, err := d.Load([]kernels.Call{call})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
	}
	want := Key{Op: "gemm", Shape: "1048576×1048576×1048576 NN", DType: "float64", Cost: kernels.Cost{Bytes: 3 << 43, Flops: 0x1p61}}
	if rows, _ := p.Rows(); len(rows) != 1 || rows[0] != (Row{want, 3, 0}) {
		t.Errorf("%+v", rows)
	}
	call.In = call.In[:1]
	if _, err := d.Load([]kernels.Call{call}); err == nil {
		t.Error("a call without an operand was loaded")
	}
}

// Buffers take what fits them, and read as zeros.
func TestCountingBuffers(t *testing.T) {
	p := new(Profile)
	d := Counting(p)
	b, err := d.NewBuffer(kernels.Float32, 10)
	if err != nil {
		t.Fatal(err)
	}
	x := []float64{1, 2, 3}
	part := b.Slice(4, 7)
	if err := part.Write(x); err != nil {
		t.Error(err)
	}
	if n := p.Uploaded(); n != 12 {
		t.Errorf("three numbers of float32 are %d bytes", n)
	}
	if err := part.Read(x); err != nil || x[0] != 0 || x[2] != 0 {
		t.Errorf("%v, %v", x, err)
	}
	if part.Write(x[:2]) == nil || part.Write("abc") == nil || b.Read(x) == nil {
		t.Error("what does not fit was taken")
	}
	if n := p.Uploaded(); n != 12 {
		t.Errorf("reads, and what was refused, counted: %d bytes", n)
	}
	if p.Clear(); p.Uploaded() != 0 {
		t.Error("bytes are not forgotten")
	}
	if _, err := d.NewBuffer(kernels.Float32, -1); err == nil {
		t.Error("a buffer of −1 elements")
	}
}

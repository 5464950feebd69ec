package kerneltest

import (
	"sync"
	"testing"

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
	part := b.Slice(1, 3)
	if err := part.Write([]float64{8, 9}); err != nil {
		s.Fatal(err)
	}
	if got := s.read(whole); !same(got[before:before+4], []float64{1, 8, 9, 4}) {
		s.Fatalf("writing a slice gave %v", got)
	}
	if _, err := s.device.NewBuffer(s.dt, -1); err == nil {
		s.Error("a buffer of −1 elements")
	}
	if _, err := s.device.NewBuffer(s.dt, 1<<50); err == nil {
		s.Error("a buffer larger than any memory")
	}
}

// samples is a call of each primitive, of middle size.
func (s *suite) samples() (ops []kernels.Primitive, in [][][]float64) {
	add := func(op kernels.Primitive, inputs ...[]float64) {
		ops, in = append(ops, op), append(in, inputs)
	}
	w := kernels.Window{N: 24, C: 3, H: 14, W: 14, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	image := w.N * w.C * w.H * w.W
	c := kernels.Conv{Window: w, O: 8}
	n := 200 * 300
	add(kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}, {B: 200, C: 300}, {B: n, C: 1}},
		Code:    []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}, {Fn: kernels.FnTanh, X: 3}, {Fn: kernels.FnMul, X: 4, Y: 2}},
		Results: []uint8{5, 3}}, s.normal(n), s.normal(300), s.normal(1))
	add(identity(1, 200, 300, false), s.normal(n))
	add(identity(200, 300, 1, false), s.normal(n))
	add(identity(1, n, 1, true), s.normal(n))
	add(kernels.Gemm{Batch: 1, M: 200, N: 150, K: 100, TransB: true, Alpha: 1}, s.normal(20000), s.normal(15000))
	add(kernels.Gemm{Batch: 40, M: 20, N: 15, K: 10, Alpha: 1}, s.normal(8000), s.normal(6000))
	add(kernels.Softmax{Rows: 300, Cols: 200}, s.normal(n))
	add(kernels.Softmax{Rows: 300, Cols: 200, Log: true}, s.normal(n))
	add(kernels.CrossEntropy{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Correct{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Pick{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Place{Rows: 300, Cols: 200}, s.normal(300), s.indices(300, 0, 200))
	add(kernels.Gather{Rows: 300, Width: 200, Table: 50}, s.normal(50*200), s.indices(300, 0, 50))
	add(kernels.Scatter{Rows: 300, Width: 200, Table: 50}, s.normal(n), s.indices(300, 0, 50))
	add(kernels.Permute{Rank: 3, Shape: [6]int{4, 50, 300}, Perm: [6]int{0, 2, 1}}, s.normal(n))
	add(kernels.Slice{A: 4, B: 50, C: 300, From: 10, To: 30}, s.normal(n))
	add(kernels.Pad{A: 4, B: 50, C: 300, From: 10, To: 30}, s.normal(4*20*300))
	add(c, s.normal(image), s.normal(8*27))
	add(kernels.ConvInput(c), s.normal(24*8*14*14), s.normal(8*27))
	add(kernels.ConvWeight(c), s.normal(image), s.normal(24*8*14*14))
	add(kernels.Im2Col{Window: w}, s.normal(image))
	add(kernels.Col2Im{Window: w}, s.normal(image*9))
	add(kernels.MaxIndex{Window: w}, s.normal(image))
	add(kernels.MaxGather{Window: w}, s.normal(image), s.indices(image, 0, 9))
	add(kernels.MaxScatter{Window: w}, s.normal(image), s.indices(image, 0, 9))
	add(kernels.AvgPool{Window: w}, s.normal(image))
	add(kernels.AvgUnpool{Window: w}, s.normal(image))
	return ops, in
}

// call makes fresh operands for op.
func (s *suite) call(op kernels.Primitive, in [][]float64) kernels.Call {
	s.Helper()
	c := kernels.Call{Op: op}
	sizes, _, err := op.Operands()
	if err != nil {
		s.Fatal(err)
	}
	for _, n := range sizes {
		b, _ := s.view(make([]float64, n))
		c.Out = append(c.Out, b)
	}
	for _, x := range in {
		b, _ := s.view(x)
		c.In = append(c.In, b)
	}
	return c
}

// testOrder: calls of one executable see the results of those before, run after run, and operands may be rewritten between runs.
func testOrder(s *suite) {
	const n = 3000
	x, _ := s.view(s.normal(n))
	double := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnScale, Imm: 2}}, Results: []uint8{1}}
	sum, _ := s.view([]float64{0})
	step := kernels.Call{Op: double, Out: []kernels.Buffer{x}, In: []kernels.Buffer{x}}
	e := s.load(step, step, step, kernels.Call{Op: identity(1, n, 1, false), Out: []kernels.Buffer{sum}, In: []kernels.Buffer{x}})
	defer e.Close()
	for run := range 3 {
		start := s.indices(n, -10, 10)
		if err := x.Write(start); err != nil {
			s.Fatal(err)
		}
		want := 0.0
		for _, v := range start {
			want += 8 * v
		}
		if err := e.Run(); err != nil {
			s.Fatal(err)
		}
		if got := s.read(sum)[0]; got != want {
			s.Fatalf("run %d: sum %v, want %v", run, got, want)
		}
	}
	empty := s.load()
	if err := empty.Run(); err != nil || empty.ScratchBytes() != 0 {
		s.Errorf("no calls: %v, %d bytes", err, empty.ScratchBytes())
	}
}

// testErrors: operands that do not fit are refused when loading.
func testErrors(s *suite) {
	ops, in := s.samples()
	other := kernels.Float32 + kernels.Float64 - s.dt
	for i, op := range ops {
		good := s.call(op, in[i])
		for k := range append(good.Out, good.In...) {
			for _, how := range []string{"short", "type", "nil", "missing"} {
				bad := kernels.Call{Op: op, Out: append([]kernels.Buffer(nil), good.Out...), In: append([]kernels.Buffer(nil), good.In...)}
				list, at := &bad.Out, k
				if k >= len(good.Out) {
					list, at = &bad.In, k-len(good.Out)
				}
				b := (*list)[at]
				switch how {
				case "short":
					(*list)[at] = b.Slice(0, b.Len()-1)
				case "type":
					converted, err := s.device.NewBuffer(other, b.Len())
					if err != nil {
						s.Fatal(err)
					}
					(*list)[at] = converted
				case "nil":
					(*list)[at] = nil
				case "missing":
					*list = (*list)[:len(*list)-1]
				}
				if how == "type" && len(good.Out)+len(good.In) == 1 {
					continue
				}
				if _, err := s.device.Load([]kernels.Call{good, bad}); err == nil {
					s.Errorf("%s: operand %d %s was taken", op.Name(), k, how)
				}
			}
		}
	}
	for _, op := range []kernels.Primitive{kernels.Gemm{Batch: 1, M: -1}, kernels.Permute{Rank: 7}, kernels.AvgPool{}, kernels.Slice{B: 2, From: 1, To: 3},
		kernels.Map{N: 3, Code: []kernels.Instr{{Fn: kernels.FnNeg, X: 0}}}, kernels.Reduce{A: 2, B: 2, C: 2}} {
		if _, err := s.device.Load([]kernels.Call{{Op: op}}); err == nil {
			s.Errorf("%+v was taken", op)
		}
	}
}

func testAllocations(s *suite) {
	ops, in := s.samples()
	for i, op := range ops {
		e := s.load(s.call(op, in[i]))
		run := func() {
			if err := e.Run(); err != nil {
				s.Fatal(err)
			}
		}
		run() // the first run may still prepare something
		if n := testing.AllocsPerRun(5, run); n != 0 {
			s.Errorf("%s: %v allocations a run", op.Name(), n)
		}
		e.Close()
	}
}

// testConcurrent runs executables of their own from several goroutines on one device.
func testConcurrent(s *suite) {
	ops, in := s.samples()
	var calls []kernels.Call
	var first [][][]float64
	for i, op := range ops {
		calls = append(calls, s.call(op, in[i]))
		first = append(first, s.compute(op, s.zeros(op), in[i]))
	}
	const goroutines = 4
	var executables [goroutines]kernels.Executable
	for g := range executables {
		var own []kernels.Call
		for i := range calls {
			if i%goroutines == g {
				own = append(own, calls[i])
			}
		}
		executables[g] = s.load(own...)
	}
	errors := make(chan error, goroutines)
	var all sync.WaitGroup
	for _, e := range executables {
		all.Go(func() {
			for range 20 {
				if err := e.Run(); err != nil {
					errors <- err
					return
				}
			}
			e.Close()
		})
	}
	all.Wait()
	close(errors)
	for err := range errors {
		s.Fatal(err)
	}
	for i, c := range calls {
		for o, b := range c.Out {
			if !same(s.read(b), first[i][o]) {
				s.Errorf("%s: output %d differs from that of a run alone", c.Op.Name(), o)
			}
		}
	}
}

func (s *suite) zeros(op kernels.Primitive) (out [][]float64) {
	sizes, _, _ := op.Operands()
	for _, n := range sizes {
		out = append(out, make([]float64, n))
	}
	return out
}

package kerneltest

import (
	"slices"
	"sync"
	"testing"

	"drift/kernels"
)

// testOrder: calls of one executable see the results of those before, run after run, and operands may be rewritten between runs.
func testOrder(s *suite) {
	const n = 3000
	x, _ := s.view(s.normal(n))
	double := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}},
		Code: []kernels.Instr{{Fn: kernels.FnScale, Imm: 2}}, Results: []uint8{1}}
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
					to := other
					if b.DType() == kernels.Int32 || b.DType() == kernels.Uint8 {
						to = s.dt
					}
					converted, err := s.device.NewBuffer(to, b.Len())
					if err != nil {
						s.Fatal(err)
					}
					(*list)[at] = converted
				case "nil":
					(*list)[at] = nil
				case "missing":
					*list = (*list)[:len(*list)-1]
				}
				if how == "type" && b.DType() == s.dt && numbers(good) == 1 {
					continue // there is no other whose type it could contradict
				}
				if _, err := s.device.Load([]kernels.Call{good, bad}); err == nil {
					s.Errorf("%s: operand %d %s was taken", op.Name(), k, how)
				}
			}
		}
	}
	for _, op := range []kernels.Primitive{kernels.Gemm{Batch: 1, M: -1}, kernels.Permute{Rank: 7}, kernels.AvgPool{},
		kernels.Slice{B: 2, From: 1, To: 3}, kernels.Map{N: 3, Code: []kernels.Instr{{Fn: kernels.FnAbs, X: 0}}}, kernels.Reduce{A: 2, B: 2, C: 2}} {
		if _, err := s.device.Load([]kernels.Call{{Op: op}}); err == nil {
			s.Errorf("%+v was taken", op)
		}
	}
}

// numbers is how many operands hold no indices.
func numbers(c kernels.Call) (n int) {
	for _, b := range slices.Concat(c.Out, c.In) {
		if b.DType() != kernels.Int32 && b.DType() != kernels.Uint8 {
			n++
		}
	}
	return n
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

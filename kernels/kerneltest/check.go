package kerneltest

import (
	"fmt"
	"math"

	"drift/kernels"
)

// What lies around operands; bytes have one of their own.
const (
	guard  = 12345.0
	guard8 = 213
)

// around is the number of elements in front of a view and behind it. It begins at an address that suits vectors of any width, and
// ends where its buffer ends, so that a memory checker sees what is read past it; or at an address that is a multiple of the
// element's size only, with guards on both sides.
func (s *suite) around() (before, after int) {
	if s.aligned {
		return 16, 0
	}
	return 1, 3
}

// view is a buffer that holds x in the middle of a larger one.
func (s *suite) view(x []float64) (view, whole kernels.Buffer) {
	s.Helper()
	return s.viewOf(s.dt, x)
}

func (s *suite) viewOf(dt kernels.DType, x []float64) (view, whole kernels.Buffer) {
	s.Helper()
	before, after := s.around()
	whole, err := s.device.NewBuffer(dt, before+len(x)+after)
	if err != nil {
		s.Fatal(err)
	}
	padded := make([]float64, whole.Len())
	for i := range padded {
		padded[i] = guard
	}
	copy(padded[before:], x)
	switch dt {
	case kernels.Int32:
		err = whole.Write(whole32(padded))
	case kernels.Uint8:
		err = whole.Write(whole8(padded))
	default:
		err = whole.Write(padded)
	}
	if err != nil {
		s.Fatal(err)
	}
	return whole.Slice(before, before+len(x)), whole
}

// operand is a view for output or input k of op.
func (s *suite) operand(op kernels.Primitive, output bool, k int, x []float64) (view, whole kernels.Buffer) {
	s.Helper()
	dt := s.dt
	if kernels.IsIndex(op, output, k) {
		dt = kernels.Int32
	} else if kernels.IsBytes(op, output, k) {
		dt = kernels.Uint8
	}
	return s.viewOf(dt, x)
}

// whole8 is numbers from 0 to 255 as bytes; the guard, which is none, becomes guard8.
func whole8(x []float64) []byte {
	list := make([]byte, len(x))
	for i, v := range x {
		list[i] = guard8
		if v != guard {
			list[i] = byte(v)
		}
	}
	return list
}

// whole32 is numbers as indices; what is none becomes −1.
func whole32(x []float64) []int32 {
	list := make([]int32, len(x))
	for i, v := range x {
		list[i] = -1
		if v >= math.MinInt32 && v <= math.MaxInt32 {
			list[i] = int32(v)
		}
	}
	return list
}

func (s *suite) load(calls ...kernels.Call) kernels.Executable {
	s.Helper()
	e, err := s.device.Load(calls)
	if err != nil {
		s.Fatal(err)
	}
	return e
}

func (s *suite) read(b kernels.Buffer) []float64 {
	s.Helper()
	x := make([]float64, b.Len())
	if b.DType() == kernels.Int32 {
		readWhole[int32](s, b, x)
		return x
	}
	if b.DType() == kernels.Uint8 {
		readWhole[byte](s, b, x)
		return x
	}
	if err := b.Read(x); err != nil {
		s.Fatal(err)
	}
	return x
}

func readWhole[E int32 | byte](s *suite, b kernels.Buffer, x []float64) {
	s.Helper()
	list := make([]E, b.Len())
	if err := b.Read(list); err != nil {
		s.Fatal(err)
	}
	for i, v := range list {
		x[i] = float64(v)
	}
}

// compute runs op once over initial outputs and inputs and returns the outputs.
func (s *suite) compute(op kernels.Primitive, out, in [][]float64) [][]float64 {
	s.Helper()
	var wholes []kernels.Buffer
	call := kernels.Call{Op: op}
	for k, x := range out {
		v, w := s.operand(op, true, k, x)
		call.Out, wholes = append(call.Out, v), append(wholes, w)
	}
	for k, x := range in {
		v, w := s.operand(op, false, k, x)
		call.In, wholes = append(call.In, v), append(wholes, w)
	}
	e := s.load(call)
	defer e.Close()
	if err := e.Run(); err != nil {
		s.Fatalf("%+v: %v", op, err)
	}
	var got [][]float64
	before, after := s.around()
	for i, w := range wholes {
		x := s.read(w)
		end := len(x) - after
		for k, v := range x {
			if (k < before || k >= end) && v != guard && !(w.DType() == kernels.Uint8 && v == guard8) {
				s.Fatalf("%+v: wrote %v at element %d of operand %d, which has %d", op, v, k-before, i, end-before)
			}
		}
		if i < len(out) {
			got = append(got, x[before:end])
		} else if x := x[before:end]; !same(x, in[i-len(out)]) {
			s.Fatalf("%+v: input %d changed", op, i-len(out))
		}
		w.Free()
	}
	return got
}

func same(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] && (a[i] == a[i] || b[i] == b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// check compares op with its reference, on operands aligned and not: element i may be off by units·unit·scale[i].
func (s *suite) check(op kernels.Primitive, units float64, in ...[]float64) {
	s.Helper()
	sizes, _, err := op.Operands()
	if err != nil {
		s.Fatalf("%+v: %v", op, err)
	}
	var out [][]float64
	for _, n := range sizes { // old contents must not matter
		x := make([]float64, n)
		for i := range x {
			x[i] = math.NaN()
		}
		out = append(out, x)
	}
	want, scale := reference(op, in)
	for _, s.aligned = range []bool{true, false} {
		s.compare(fmt.Sprintf("%+v, aligned %v", op, s.aligned), units, s.compute(op, out, in), want, scale)
	}
}

func (s *suite) compare(what string, units float64, got, want, scale [][]float64) {
	s.Helper()
	for o := range want {
		if len(got[o]) != len(want[o]) {
			s.Fatalf("%s: output %d has %d elements, want %d", what, o, len(got[o]), len(want[o]))
		}
		for i, w := range want[o] {
			g, tolerance := got[o][i], 0.0
			if scale != nil && scale[o] != nil {
				tolerance = units * s.unit() * scale[o][i]
			}
			if w = s.round(w); g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= tolerance {
				continue
			}
			s.Fatalf("%s: output %d, element %d is %v, want %v ± %.2g", what, o, i, g, w, tolerance)
		}
	}
}

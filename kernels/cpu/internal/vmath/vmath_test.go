package vmath

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

func atEveryLevel(t *testing.T, f func(t *testing.T)) {
	for l := level.Portable; l <= level.Best(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer level.Set(level.Set(l))
			f(t)
		})
	}
}

func isFloat64[T kernels.Float]() bool {
	var v T
	_, ok := any(v).(float64)
	return ok
}

// limits are the errors that the package's documentation states, in ulp, for float32 and float64.
var limits = map[kernels.Fn][2]float64{
	kernels.FnExp: {1, 1}, kernels.FnLog: {1, 1}, kernels.FnTanh: {2.5, 2.5}, kernels.FnSigmoid: {2, 2}, kernels.FnSoftplus: {2, 2},
	kernels.FnNormCDF: {6, 6}, kernels.FnNormPDF: {1.5, 1.5}, kernels.FnRsqrt: {1.5, 1.5},
}

// arguments are special values, and random ones of every size and from the ranges where functions bend.
func arguments[T kernels.Float](r *rand.Rand, n int) []T {
	x := []T{0, T(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, T(math.Sqrt2), T(math.Sqrt2 / 2), T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN())}
	least, largest, bits := 0x1p-149, float64(math.MaxFloat32), 32
	if isFloat64[T]() {
		least, largest, bits = 0x1p-1074, math.MaxFloat64, 64
	}
	for _, v := range []float64{least, 2 * least, largest, 88.7, 104, 709.7, 746, 38.5, 14.3} {
		x = append(x, T(v), T(-v))
	}
	for len(x) < n {
		var v float64
		switch r.IntN(6) {
		case 0:
			if v = float64(math.Float32frombits(r.Uint32())); bits == 64 {
				v = math.Float64frombits(r.Uint64())
			}
		case 1:
			v = 1 + r.NormFloat64()*0.1
		case 2:
			v = r.NormFloat64() * 100
		case 3:
			v = r.NormFloat64() * 1000
		default:
			v = r.NormFloat64() * 4
		}
		x = append(x, T(v))
	}
	return x
}

// reference is a function's values at some arguments: big numbers, or nil where the float64 says it all.
type reference[T kernels.Float] struct {
	x     []T
	exact []*big.Float
}

// newReference takes float64's functions, whose errors are nothing beside an ulp of float32, and big numbers for float64.
func newReference[T kernels.Float](f kernels.Fn, n int) reference[T] {
	r := reference[T]{x: arguments[T](rand.New(rand.NewPCG(1, uint64(f))), n)}
	for _, x := range r.x {
		b := exact(f, float64(x))
		if v := f.Eval(float64(x), 0, 0); b != nil && !isFloat64[T]() && v != 0 && !math.IsInf(v, 0) {
			b = num(v)
		}
		r.exact = append(r.exact, b)
	}
	return r
}

// check compares For(f) with the reference.
func (r reference[T]) check(t *testing.T, f kernels.Fn, limit float64) {
	t.Helper()
	y := make([]T, len(r.x))
	For[T](f)(y, r.x, nil, 0)
	bits, least := 23, -126
	if isFloat64[T]() {
		bits, least = 52, -1022
	}
	worst, where := 0.0, T(0)
	for i, b := range r.exact {
		got, want := y[i], T(f.Eval(float64(r.x[i]), 0, 0))
		if b != nil {
			v, _ := b.Float64()
			want = T(v)
		}
		switch {
		case got == want || got != got && want != want:
		case b == nil || math.IsInf(float64(got), 0) || got != got:
			t.Fatalf("%v(%v) = %v, want %v", f, r.x[i], got, want)
		default:
			if u := ulps(float64(got), b, bits, least); u > worst {
				worst, where = u, r.x[i]
			}
		}
	}
	t.Logf("%v: %.3f ulp at %v", f, worst, where)
	if worst > limit {
		t.Errorf("%v(%v) is wrong by %.3g ulp, at most %v is stated", f, where, worst, limit)
	}
}

// The portable functions of float64 are package math's, whose errors are its own.
func TestAccuracy(t *testing.T) {
	single, double := map[kernels.Fn]reference[float32]{}, map[kernels.Fn]reference[float64]{}
	for f := range limits {
		single[f], double[f] = newReference[float32](f, 2000), newReference[float64](f, 2000)
	}
	atEveryLevel(t, func(t *testing.T) {
		for f, l := range limits {
			single[f].check(t, f, l[0])
			if v := active[float64](); v != nil && v.loops[f] != nil {
				double[f].check(t, f, l[1])
			}
		}
	})
}

// The other functions are rounded correctly: float64's value, rounded, is the value.
func TestElementaryFunctions(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
			if _, ok := limits[f]; !ok {
				testElementary[float32](t, f)
				testElementary[float64](t, f)
			}
		}
	})
}

func testElementary[T kernels.Float](t *testing.T, f kernels.Fn) {
	t.Helper()
	r := rand.New(rand.NewPCG(2, uint64(f)))
	x, y := arguments[T](r, 2000), arguments[T](r, 2000)
	r.Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
	dst := make([]T, len(x))
	const imm = 1.25
	For[T](f)(dst, x, y, imm)
	for i := range dst {
		want := T(f.Eval(float64(x[i]), float64(y[i]), imm))
		if f.Arity() == 2 && (x[i] != x[i] || y[i] != y[i]) && (f == kernels.FnMax || f == kernels.FnMin) {
			want = T(math.NaN())
		}
		if dst[i] != want && !(dst[i] != dst[i] && want != want) {
			t.Fatalf("%v(%v, %v) = %v, want %v", f, x[i], y[i], dst[i], want)
		}
	}
}

// Every length and alignment gives what single elements give, and touches nothing else.
func TestLengthsAndBounds(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
			testLengths[float32](t, f)
			testLengths[float64](t, f)
		}
	})
}

func testLengths[T kernels.Float](t *testing.T, f kernels.Fn) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, uint64(f)))
	l := For[T](f)
	for n := range 70 {
		from := r.IntN(8)
		x, y, dst := make([]T, from+n), make([]T, from+n), make([]T, from+n+9)
		for i := range dst {
			dst[i] = 77
		}
		for i := range x {
			x[i], y[i] = T(r.NormFloat64()), T(r.NormFloat64())
		}
		want := make([]T, n)
		for i := range n {
			l(want[i:i+1], x[from+i:from+i+1], y[from+i:from+i+1], 2)
		}
		l(dst[from:from+n], x[from:], y[from:], 2)
		inPlace := append([]T(nil), x[from:]...)
		l(inPlace, inPlace, y[from:], 2)
		for i, v := range dst {
			if i < from || i >= from+n {
				if v != 77 {
					t.Fatalf("%v over %d elements wrote element %d", f, n, i-from)
				}
			} else if w := want[i-from]; (v != w || inPlace[i-from] != w) && w == w {
				t.Fatalf("%v: element %d of %d is %v, in place %v, alone %v", f, i-from, n, v, inPlace[i-from], w)
			}
		}
	}
}

func TestLongSlices(t *testing.T) {
	x := make([]float32, 2*longest+5)
	For[float32](kernels.FnConst)(x, nil, nil, 3)
	For[float32](kernels.FnAdd)(x, x, x, 0)
	for i, v := range x {
		if v != 6 {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}

func TestReductions(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		testReductions[float32](t, 0x1p-23)
		testReductions[float64](t, 0x1p-52)
	})
}

// The error of a sum with 16 running values or more is far below n/16 roundings of Σ|x|.
func testReductions[T kernels.Float](t *testing.T, eps float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 5))
	for n := range 300 {
		if n > 200 {
			n = n * 17
		}
		x := make([]T, n)
		sum, absSum, top, expSum := 0., 0., math.Inf(-1), 0.
		for i := range x {
			x[i] = T(r.NormFloat64())
			a := float64(x[i])
			sum, absSum, top = sum+a, absSum+math.Abs(a), max(top, a)
			expSum += math.Exp(a - 1.5)
		}
		near := func(name string, got T, want, scale float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= float64(4+n/16)*eps*scale) {
				t.Fatalf("%s of %d elements: %v, want %v", name, n, got, want)
			}
		}
		near("sum", Sum(x), sum, absSum)
		if got := Max(x); float64(got) != top {
			t.Fatalf("largest of %d elements: %v, want %v", n, got, top)
		}
		dst := append(make([]T, n), 77)
		near("expsum", ExpSum(dst[:n], x, 1.5), expSum, expSum)
		if dst[n] != 77 {
			t.Fatalf("expsum of %d elements wrote beyond", n)
		}
		for i := range n {
			if !(math.Abs(float64(dst[i])-math.Exp(float64(x[i])-1.5)) <= 4*eps*float64(dst[i])) {
				t.Fatalf("expsum: element %d of %d is %v", i, n, dst[i])
			}
		}
		if n > 0 {
			x[n/2] = T(math.NaN())
			if got := Max(x); got == got {
				t.Fatalf("largest of %d elements with NaN: %v", n, got)
			}
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	x, l := make([]float32, 1000), For[float32](kernels.FnExp)
	if n := testing.AllocsPerRun(10, func() {
		l(x, x, nil, 0)
		x[0] = Sum(x) + Max(x) + ExpSum(x, x, 1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFunctions(b *testing.B) {
	for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
		benchmark[float32](b, f)
		benchmark[float64](b, f)
	}
}

func benchmark[T kernels.Float](b *testing.B, f kernels.Fn) {
	x, y, dst := make([]T, 1024), make([]T, 1024), make([]T, 1024)
	for i := range x {
		x[i], y[i] = T(i%13)/4+0.25, 2
	}
	l := For[T](f)
	b.Run(fmt.Sprintf("%v/%T", f, x[0]), func(b *testing.B) {
		for b.Loop() {
			l(dst, x, y, 1.5)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(len(x)), "ns/element")
	})
}

package jit

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/guard"
	"drift/kernels/cpu/internal/level"
	"drift/kernels/cpu/internal/vmath"
)

var functions = []kernels.Fn{kernels.FnConst, kernels.FnCopy, kernels.FnAddConst, kernels.FnScale, kernels.FnAbs, kernels.FnSquare, kernels.FnSqrt,
	kernels.FnRsqrt, kernels.FnRecip, kernels.FnRelu, kernels.FnStep, kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnDiv, kernels.FnMax,
	kernels.FnMin, kernels.FnGreater, kernels.FnExp, kernels.FnTanh, kernels.FnSigmoid, kernels.FnNormCDF, kernels.FnNormPDF}

// levels runs f for both types at every level that there is code for here.
func levels(t *testing.T, single, double func(t *testing.T)) {
	compiled := false
	for l := level.Portable; l <= level.Best(); l++ {
		before := level.Set(l)
		if Available() {
			compiled = true
			t.Run(l.String()+"/float32", single)
			t.Run(l.String()+"/float64", double)
		}
		level.Set(before)
	}
	if !compiled {
		t.Skip("nothing is compiled on this machine")
	}
}

// Random programs give what the functions give one by one, to the last bit; sums within the rounding of their additions.
func TestPrograms(t *testing.T) { levels(t, testPrograms[float32], testPrograms[float64]) }

func testPrograms[T kernels.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	compiled := 0
	for range 2000 {
		p := random(r)
		if r.IntN(3) == 0 {
			inPlace(&p)
		}
		p.F64 = unsafe.Sizeof(T(0)) == 8
		f, ok := Compile(p)
		if !ok {
			continue
		}
		compiled++
		check[T](t, r, p, f)
		if t.Failed() {
			t.Fatalf("%+v", p)
		}
	}
	if compiled < 1800 {
		t.Errorf("%d programs of 2000 were compiled", compiled)
	}
}

func random(r *rand.Rand) Program {
	p := Program{Length: 1 + r.IntN(300), Rows: 1 + r.IntN(3), Sum: -1, Wide: r.IntN(2) == 0}
	for range 1 + r.IntN(12) {
		switch r.IntN(4) {
		case 0:
			p.Inputs = append(p.Inputs, Input{Row: r.IntN(2), Group: r.IntN(2)})
		case 1:
			p.Inputs = append(p.Inputs, Input{Vector: true, Group: r.IntN(2) * p.Length})
		default:
			p.Inputs = append(p.Inputs, Input{Vector: true, Row: p.Length})
		}
	}
	for range r.IntN(20) {
		n := len(p.Inputs) + len(p.Code)
		p.Code = append(p.Code, kernels.Instr{Fn: functions[r.IntN(len(functions))], X: uint8(r.IntN(n)), Y: uint8(r.IntN(n)), Imm: float64(r.IntN(5)) / 2})
	}
	n := len(p.Inputs) + len(p.Code)
	for range r.IntN(4) {
		p.Stores = append(p.Stores, uint8(n-1-r.IntN(min(n, 5))))
	}
	if r.IntN(3) == 0 {
		for range p.Stores {
			p.Outputs = append(p.Outputs, Input{Row: p.Length + r.IntN(2), Group: r.IntN(2)})
		}
	}
	if r.IntN(2) == 0 || len(p.Stores) == 0 {
		p.Sum = n - 1 - r.IntN(min(n, 3))
	}
	return p
}

// inPlace lets the first outputs take the places of the first inputs that move on as they do.
func inPlace(p *Program) {
	p.InPlace, p.Outputs = true, nil
	for k := range min(len(p.Stores), len(p.Inputs)) {
		p.Inputs[k] = Input{Vector: true, Row: p.Length}
	}
}

// check runs a program on memory that ends where its operands end.
func check[T kernels.Float](t *testing.T, r *rand.Rand, p Program, f *Function) {
	t.Helper()
	const groups = 3
	rows := p.Rows * groups
	table := f.Table()
	at := func(k, row int) int {
		in := p.Inputs[k]
		return row*in.Row + row/p.Rows*in.Group
	}
	out := func(k, row int) int {
		if p.Outputs == nil {
			return row * p.Length
		}
		return row*p.Outputs[k].Row + row/p.Rows*p.Outputs[k].Group
	}
	inputs := make([][]T, len(p.Inputs))
	for k, in := range p.Inputs {
		inputs[k] = guard.Slice[T](t, at(k, rows-1)+pick(in.Vector, p.Length, 1))
		for i := range inputs[k] {
			inputs[k][i] = T(r.NormFloat64())
		}
		table[k] = uint64(uintptr(unsafe.Pointer(&inputs[k][0])))
	}
	given, outputs := make([][]T, len(inputs)), make([][]T, len(p.Stores))
	for k := range inputs {
		given[k] = slices.Clone(inputs[k])
	}
	for k := range outputs {
		if p.InPlace && k < len(inputs) {
			outputs[k] = inputs[k]
		} else {
			outputs[k] = guard.Slice[T](t, out(k, rows-1)+p.Length)
		}
		table[len(inputs)+k] = uint64(uintptr(unsafe.Pointer(&outputs[k][0])))
	}
	sums, wide := guard.Slice[T](t, groups), guard.Slice[float64](t, groups)
	table[len(inputs)+len(outputs)] = uint64(uintptr(unsafe.Pointer(&sums[0])))
	if p.Wide {
		table[len(inputs)+len(outputs)] = uint64(uintptr(unsafe.Pointer(&wide[0])))
	}
	f.Run(table, groups)
	for g := range groups {
		sum, size := new(big.Float).SetPrec(200), 0.0
		finite := true
		for row := g * p.Rows; row < (g+1)*p.Rows; row++ {
			for i := range p.Length {
				values := make([]T, len(inputs))
				for k, in := range p.Inputs {
					values[k] = given[k][at(k, row)+pick(in.Vector, i, 0)]
				}
				for _, c := range p.Code {
					values = append(values, apply(c, values[c.X], values[c.Y]))
				}
				for o, v := range p.Stores {
					if got := outputs[o][out(o, row)+i]; got != values[v] && !(got != got && values[v] != values[v]) {
						t.Errorf("output %d, element %d of row %d: %v, want %v", o, i, row, got, values[v])
						return
					}
				}
				if p.Sum >= 0 {
					v := float64(values[p.Sum])
					if finite = finite && math.Abs(v) < 1e30; !finite {
						continue
					}
					size += math.Abs(v)
					sum.Add(sum, new(big.Float).SetFloat64(v))
				}
			}
		}
		got, ulp := float64(sums[g]), math.Ldexp(1, -23)
		if p.F64 {
			ulp = math.Ldexp(1, -52)
		}
		if p.Wide {
			got = wide[g]
		}
		// at most 16 additions in a lane and 6 of lanes, each rounded by half a unit, which mostly cancel
		if want, _ := sum.Float64(); p.Sum >= 0 && finite && math.Abs(got-want) > 8*ulp*size {
			t.Errorf("sum %d: %v, want %v", g, got, want)
		}
	}
}

// apply is an instruction as package vmath computes it.
func apply[T kernels.Float](i kernels.Instr, x, y T) T {
	var dst [1]T
	vmath.For[T](i.Fn)(dst[:], []T{x}, []T{y}, T(i.Imm))
	return dst[0]
}

// Functions keep their bits from the largest to the smallest numbers, and beyond.
func TestFunctions(t *testing.T) { levels(t, testFunctions[float32], testFunctions[float64]) }

func testFunctions[T kernels.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	x := []T{0, T(math.Copysign(0, -1)), T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN()), 1e-42, -1e-42, 88.72, -87.3, -103.9, 709.7, -745.1}
	for len(x) < 1<<14 {
		x = append(x, T(r.NormFloat64()*math.Exp2(float64(r.IntN(20)-10))))
	}
	for _, fn := range functions {
		if fn.Arity() != 1 {
			continue
		}
		f, ok := Compile(Program{F64: unsafe.Sizeof(x[0]) == 8, Length: len(x), Rows: 1, Sum: -1, Inputs: []Input{{Vector: true, Row: len(x)}},
			Code: []kernels.Instr{{Fn: fn, Imm: 1.5}}, Stores: []uint8{1}})
		if !ok {
			t.Fatalf("%v is not compiled", fn)
		}
		got, want, table := make([]T, len(x)), make([]T, len(x)), f.Table()
		table[0], table[1] = uint64(uintptr(unsafe.Pointer(&x[0]))), uint64(uintptr(unsafe.Pointer(&got[0])))
		f.Run(table, 1)
		vmath.For[T](fn)(want, x, nil, 1.5)
		for i, v := range want {
			if got[i] != v && (got[i] == got[i] || v == v) {
				t.Errorf("%v of %v is %v, want %v", fn, x[i], got[i], v)
				break
			}
		}
	}
}

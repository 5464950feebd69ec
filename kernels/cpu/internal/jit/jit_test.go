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
	for k := range 1 + r.IntN(12) {
		switch r.IntN(5) {
		case 0:
			p.Inputs = append(p.Inputs, Input{Row: r.IntN(2), Group: r.IntN(2)})
		case 1:
			p.Inputs = append(p.Inputs, Input{Vector: true, Group: r.IntN(2) * p.Length})
		case 2:
			p.Inputs = append(p.Inputs, behind(r, p.Inputs, k))
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
			p.Outputs = append(p.Outputs, Input{Row: 4*p.Length + r.IntN(2), Group: r.IntN(2)})
		}
		for k := 1; k < len(p.Outputs); k++ {
			p.Outputs[k] = p.Outputs[0]
			p.Outputs[k].Back, p.Outputs[k].Offset = k, k*p.Length
		}
	}
	if r.IntN(2) == 0 || len(p.Stores) == 0 {
		p.Sum = n - 1 - r.IntN(min(n, 3))
	}
	return p
}

// behind is an operand k that lies behind an earlier one, or at its own address where that has none.
func behind(r *rand.Rand, before []Input, k int) Input {
	o := Input{Vector: r.IntN(2) == 0, Offset: r.IntN(20)}
	if o.Back = r.IntN(k + 1); o.Back > 0 && before[k-o.Back].Back > 0 {
		o.Back = 0
	}
	return o
}

// inPlace lets the first outputs take the places of the first inputs that move on as they do.
func inPlace(p *Program) {
	p.InPlace, p.Outputs = true, nil
	for k := range p.Inputs {
		if p.Inputs[k].Back > 0 || k < len(p.Stores) {
			p.Inputs[k] = Input{Vector: true, Row: p.Length}
		}
	}
}

// place is the operand whose memory operand k of a list lies in, and where it begins there in a row.
func (p Program) place(list []Input, k, row int) (of, at int) {
	of = k - list[k].Back
	return of, row*list[of].Row + row/p.Rows*list[of].Group + list[k].Offset
}

// memory is that of operands with addresses of their own, which ends where the last of what lies in it ends, in random numbers.
func memory[T kernels.Float](t *testing.T, r *rand.Rand, p Program, list []Input, rows int) [][]T {
	t.Helper()
	sizes, all := make([]int, len(list)), make([][]T, len(list))
	for k, o := range list {
		of, at := p.place(list, k, rows-1)
		sizes[of] = max(sizes[of], at+pick(o.Vector, p.Length, 1))
	}
	for k, n := range sizes {
		all[k] = guard.Slice[T](t, n)
		for i := range all[k] {
			all[k][i] = T(r.NormFloat64())
		}
	}
	return all
}

// written is the list of outputs.
func (p Program) written() (list []Input) {
	for k := range p.Stores {
		o := Input{Row: p.Length}
		if p.Outputs != nil {
			o = p.Outputs[k]
		}
		o.Vector = true
		list = append(list, o)
	}
	return list
}

// check runs a program on memory that ends where its operands end.
func check[T kernels.Float](t *testing.T, r *rand.Rand, p Program, f *Function) {
	t.Helper()
	const groups = 3
	rows := p.Rows * groups
	table, written := f.Table(), p.written()
	inputs, outputs := memory[T](t, r, p, p.Inputs, rows), memory[T](t, r, p, written, rows)
	given := make([][]T, len(inputs))
	for k, x := range inputs {
		given[k] = slices.Clone(x)
		if p.InPlace && k < len(outputs) {
			outputs[k] = x
		}
	}
	for k, x := range slices.Concat(inputs, outputs) {
		if len(x) > 0 {
			table[k] = uint64(uintptr(unsafe.Pointer(&x[0])))
		}
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
					of, at := p.place(p.Inputs, k, row)
					values[k] = given[of][at+pick(in.Vector, i, 0)]
				}
				for _, c := range p.Code {
					values = append(values, apply(c, values[c.X], values[c.Y]))
				}
				for o, v := range p.Stores {
					of, at := p.place(written, o, row)
					if got := outputs[of][at+i]; got != values[v] && !(got != got && values[v] != values[v]) {
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

package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drift/kernels"
)

// uniformRuns are the numbers of indices in a row that read the same element, beside blocks of blockLen: those that divide into
// blocks, or do not, those that blocks hold several of, and one for all.
var uniformRuns = []int{256, 480, 512, 1024, 1280, 1536, 2048, 3072, 6144}

// randomChain is a chain of elementwise functions over n indices, of which the last input is read in full and the others in runs.
func randomChain(r *rand.Rand, n int) kernels.Map {
	m := kernels.Map{N: n}
	for range 1 + r.IntN(3) {
		m.Access = append(m.Access, kernels.Access{B: uniformRuns[r.IntN(len(uniformRuns))], C: 1})
	}
	m.Access = append(m.Access, kernels.Access{B: n, C: 1}, full(n))
	values := len(m.Access)
	functions := []kernels.Fn{kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnMax, kernels.FnScale, kernels.FnAddConst, kernels.FnSquare,
		kernels.FnRelu, kernels.FnStep, kernels.FnAbs, kernels.FnConst}
	for range 1 + r.IntN(8) {
		m.Code = append(m.Code, kernels.Instr{Fn: functions[r.IntN(len(functions))], X: uint8(r.IntN(values)), Y: uint8(r.IntN(values)), Imm: r.NormFloat64()})
		values++
	}
	for range 1 + r.IntN(2) {
		m.Results = append(m.Results, uint8(r.IntN(values)))
	}
	return m
}

// A value that is the same for a whole block is not laid out, and every result has the bits that it has where each input has an
// element for each index.
func TestUniformInputsChangeNoBits(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		const n = 30720
		m := randomChain(r, n)
		laid := m
		laid.Access = slices.Repeat([]kernels.Access{full(n)}, len(m.Access))
		var short, long [][]float32
		for _, a := range m.Access {
			x := make([]float32, n/a.B)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			y := make([]float32, n)
			for i := range y {
				y[i] = x[i/a.B]
			}
			short, long = append(short, x), append(long, y)
		}
		rows := kernels.Reduce{A: 3, B: n / 3, C: 1, Map: m}
		rows.Map.Results = m.Results[:1]
		laidRows := rows
		laidRows.Map.Access = laid.Access
		columns, laidColumns := rows, laidRows
		columns.A, columns.B, columns.C = 1, 3, n/3
		laidColumns.A, laidColumns.B, laidColumns.C = 1, 3, n/3
		for _, pair := range [][2]kernels.Primitive{{m, laid}, {rows, laidRows}, {columns, laidColumns}} {
			got, want := computed(t, d, pair[0], short), computed(t, d, pair[1], long)
			tolerance := 0.0
			if _, sum := pair[0].(kernels.Reduce); sum { // blocks of another length add up in another order
				tolerance = 1e-4
			}
			for i := range want {
				if got[i] != want[i] && !(math.Abs(float64(got[i]-want[i])) <= tolerance*(1+math.Abs(float64(want[i])))) && (got[i] == got[i] || want[i] == want[i]) {
					t.Fatalf("%+v: element %d is %v, want %v", pair[0], i, got[i], want[i])
				}
			}
		}
	}
}

// computed is the outputs of an operation, one behind the other.
func computed(t *testing.T, d kernels.Device, op kernels.Primitive, in [][]float32) (all []float32) {
	t.Helper()
	call, free, err := kernels.Allocate(d, kernels.Float32, op)
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	for k, x := range in {
		if err := call.In[k].Write(x); err != nil {
			t.Fatal(err)
		}
	}
	e, err := d.Load([]kernels.Call{call})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	for _, b := range call.Out {
		y := make([]float32, b.Len())
		if err := b.Read(y); err != nil {
			t.Fatal(err)
		}
		all = append(all, y...)
	}
	return all
}

// What a norm does to a value whose mean and deviation are given once a row: two passes, where all else is one element.
func TestUniformChainIsShort(t *testing.T) {
	const n, row = 4096, 2048
	m := kernels.Map{N: n, Access: []kernels.Access{full(n), {B: row, C: 1}, {B: row, C: 1}}, Code: []kernels.Instr{
		{Fn: kernels.FnScale, X: 1, Imm: 1. / row}, {Fn: kernels.FnSub, X: 0, Y: 3}, {Fn: kernels.FnRsqrt, X: 2}, {Fn: kernels.FnMul, X: 5, Y: 4},
	}, Results: []uint8{6}}
	f := fuse(m, runs(m))
	var single, passes int
	for _, l := range f.code {
		if l.single {
			single++
		} else {
			passes++
		}
	}
	if single != 2 || passes != 2 || fmt.Sprint(f.modes) != "[2 1 1]" {
		t.Errorf("%d elements, %d passes, modes %v: %+v", single, passes, f.modes, f.code)
	}
}

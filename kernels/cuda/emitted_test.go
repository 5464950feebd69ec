//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cuda/emit"
)

// softmaxOf is rows of a softmax as steps: the largest, the sum of exponentials, their quotients.
func softmaxOf(rows, cols int) kernels.Rowwise {
	n := rows * cols
	full, row := kernels.Access{B: 1, C: 1}, kernels.Access{B: cols, C: 1}
	less := []kernels.Instr{{Fn: kernels.FnSub, X: 0, Y: 1}, {Fn: kernels.FnExp, X: 2}}
	largest := kernels.Reduce{A: rows, B: cols, C: 1, Max: true, Map: kernels.Map{N: n, Access: []kernels.Access{full}, Results: []uint8{0}}}
	sum := kernels.Reduce{A: rows, B: cols, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full, row}, Code: less, Results: []uint8{3, 3}}}
	quotient := kernels.Map{N: n, Access: []kernels.Access{full, row}, Code: []kernels.Instr{{Fn: kernels.FnDiv, X: 0, Y: 1}}, Results: []uint8{2}}
	return kernels.Rowwise{Rows: rows, In: []int{n}, Out: []int{n}, Local: []int{rows, rows, n}, Steps: []kernels.Step{
		{Op: largest, In: []int{0}, Out: []int{2}}, {Op: sum, In: []int{0, 2}, Out: []int{3, 4}}, {Op: quotient, In: []int{4, 3}, Out: []int{1}}}}
}

// The steps of a row are one launch, and what passes between them takes no memory.
func TestRowwiseIsOneKernel(t *testing.T) {
	d := open(t, Options{})
	for _, cols := range []int{3, 700, 4096, 9000} {
		p := softmaxOf(5, cols)
		x := random(p.In[0])
		out := buffer32(t, d, make([]float32, p.Out[0]))
		e, err := d.Load([]kernels.Call{{Op: p, Out: []kernels.Buffer{out}, In: []kernels.Buffer{buffer32(t, d, x)}}})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(e.(*executable).commands); n != 1 || e.ScratchBytes() != 0 {
			t.Errorf("rows of %d: %d launches, %d bytes between them", cols, n, e.ScratchBytes())
		}
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		for r, got := 0, contents(t, out); r < 5; r++ {
			sum := 0.0
			for _, v := range x[r*cols:][:cols] {
				sum += math.Exp(float64(v))
			}
			for c, v := range x[r*cols:][:cols] {
				if want := math.Exp(float64(v)) / sum; math.Abs(float64(got[r*cols+c])-want) > 1e-6*want {
					t.Fatalf("row %d, column %d is %v, want %v", r, c, got[r*cols+c], want)
				}
			}
		}
		e.Close()
	}
}

// A program that comes again is not compiled again.
func TestProgramsAreCompiledOnce(t *testing.T) {
	d := open(t, Options{})
	x := buffer32(t, d, random(500))
	double := kernels.Map{N: 500, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnScale, Imm: 2}}, Results: []uint8{1}}
	call := kernels.Call{Op: double, Out: []kernels.Buffer{x}, In: []kernels.Buffer{x}}
	for range 3 {
		run(t, d, 1, call, call)
	}
	if len(d.written) != 1 {
		t.Errorf("%d modules for one program", len(d.written))
	}
}

// The interpreter refuses what a compiler refuses, and says where.
func TestTextsThatAreRefused(t *testing.T) {
	emulated(t)
	d := open(t, Options{})
	m := kernels.Map{N: 64, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnSquare}}, Results: []uint8{1}}
	good := emit.Write(m, kernels.Float32, emit.Operands{Out: []emit.Operand{{Aligned: true}}, In: []emit.Operand{{Aligned: true}}}).Text
	good = strings.ReplaceAll(good, " map", " squares")
	good = strings.ReplaceAll(good, "[map", "[squares")
	refused := func(text string) (err error) {
		return d.do(func() error {
			m, err := load(text)
			if err == nil {
				m.Unload()
			}
			return err
		})
	}
	if err := refused(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, says string }{
		{"mul.rn.f32", "mul.rz.f32", "does not know mul.rz.f32"},
		{"mul.rn.f32", "mul.rn.f64", "another type"},
		{"mul.rn.f32", "mul.lo.u32", "another type"},
		{".reg .f32 %v", ".reg .f32 %w", "no register"},
		{"%tid.x", "%tid.w", "no register"},
		{"\tret;\n", "", "end can be passed"},
		{"\tret;\n", "\tbra L9;\n\tret;\n", "no label L9"},
		{"\tret;\n", "\tret\n", "expected ;"},
		{"v4.f32 {", "v2.f32 {", "another number of elements"},
		{"st.global", "st.const", "does not know"},
		{".address_size 64", ".address_size 64\n.global .u32 x;", "does not know .global"},
	} {
		bad := strings.ReplaceAll(good, c.from, c.to)
		if bad == good {
			t.Fatalf("%q is not in the text\n%s", c.from, good)
		}
		if err := refused(bad); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q for %q: %v, want %q", c.to, c.from, err, c.says)
		}
	}
}

// FuzzPrograms compares random chains with the functions one by one in float64, element by element.
func FuzzPrograms(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(1)<<seed, uint8(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, size uint16, length uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := 1 + int(size)%2000
		d := open(t, Options{})
		m := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}, {B: n, C: 1}}}
		smooth := []kernels.Fn{kernels.FnAdd, kernels.FnSub, kernels.FnTanh, kernels.FnSigmoid, kernels.FnRelu, kernels.FnMax, kernels.FnMin, kernels.FnSin, kernels.FnAbs}
		for k := range 1 + int(length)%40 {
			m.Code = append(m.Code, kernels.Instr{Fn: smooth[rng.IntN(len(smooth))], X: uint8(rng.IntN(2 + k)), Y: uint8(rng.IntN(2 + k))})
		}
		last := len(m.Code) + 1
		m.Results = []uint8{uint8(last), uint8(rng.IntN(last))}
		x, y := make([]float64, n), []float64{rng.NormFloat64()}
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		call := kernels.Call{Op: m}
		for _, v := range [][]float64{make([]float64, n), make([]float64, n), x, y} {
			b, err := d.NewBuffer(kernels.Float64, len(v))
			if err != nil {
				t.Fatal(err)
			}
			defer b.Free()
			if err := b.Write(v); err != nil {
				t.Fatal(err)
			}
			call.In = append(call.In, b)
		}
		call.Out, call.In = call.In[:2:2], call.In[2:]
		run(t, d, 1, call)
		for r, v := range m.Results {
			got := make([]float64, n)
			if err := call.Out[r].Read(got); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				values := []float64{x[i], y[0]}
				for _, c := range m.Code {
					values = append(values, c.Fn.Eval(values[c.X], values[c.Y], c.Imm))
				}
				// sums at most double what is off before them
				if tolerance := 1e-13 * math.Exp2(float64(len(m.Code))) * (1 + math.Abs(values[v])); math.Abs(got[i]-values[v]) > math.Min(tolerance, 1e-7*(1+math.Abs(values[v]))) {
					t.Fatalf("%s: element %d is %v, want %v", fmt.Sprintf("%+v", m), i, got[i], values[v])
				}
			}
		}
	})
}

// waves are numbers with their sine and cosine, to be had from mpmath; the last is the one closest to a multiple of π/2.
var waves = [][3]float64{
	{1366607.2360480928, 0.9569271905605927, -0.2903280075463114},
	{3696283859.2840304, 0.9868477971364171, -0.16165217377753047},
	{1.705030708848929e+18, -0.5267999085504405, 0.8499893271984347},
	{7.418832641755018e+38, 0.9984635091122372, 0.05541318409257258},
	{2.815405816552188e+70, 0.2596288434679875, -0.9657084775642572},
	{3.3562336281523346e+127, 0.839096657214475, 0.5439823525184376},
	{1.450198071320859e+161, -0.05032709833298174, -0.9987327886744194},
	{2.2479437240651631e+220, 0.04797221021465443, 0.9988486707440327},
	{2.1132899302033367e+292, 0.3420044568203649, 0.9396983300586456},
	{1.3665516926374656e+308, 0.028527507139707583, 0.9995930078468906},
	{5.319372648326541e+255, 1.0, -4.687165924254628e-19},
}

// Sine and cosine keep their digits however large the number: the multiple of π/2 that is taken off has as many digits as that takes.
func TestWavesOfLargeNumbers(t *testing.T) {
	d := open(t, Options{})
	n := len(waves)
	for k, fn := range []kernels.Fn{kernels.FnSin, kernels.FnCos} {
		m := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: fn}}, Results: []uint8{1}}
		b, err := d.NewBuffer(kernels.Float64, n)
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float64, n)
		for i, w := range waves {
			x[i] = w[0]
		}
		if err := b.Write(x); err != nil {
			t.Fatal(err)
		}
		run(t, d, 1, kernels.Call{Op: m, Out: []kernels.Buffer{b}, In: []kernels.Buffer{b}})
		got := make([]float64, n)
		if err := b.Read(got); err != nil {
			t.Fatal(err)
		}
		for i, w := range waves {
			if want := w[1+k]; !(math.Abs(got[i]-want) <= 0x1p-51*math.Abs(want)) {
				t.Errorf("%v of %v is %v, want %v", fn, w[0], got[i], want)
			}
		}
		b.Free()
	}
}

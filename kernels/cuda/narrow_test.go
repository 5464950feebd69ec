//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// stored is numbers in a buffer of a type, which holds some more elements before them, so that they are not aligned.
func stored(t *testing.T, d kernels.Device, dt kernels.DType, before int, x []float32) kernels.Buffer {
	t.Helper()
	b, err := d.NewBuffer(dt, before+len(x))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Free)
	part := b.Slice(before, before+len(x))
	if err := part.Write(elements(dt, x)); err != nil {
		t.Fatal(err)
	}
	return part
}

// elements are numbers as a buffer of a type takes them.
func elements(dt kernels.DType, x []float32) any {
	switch dt {
	case kernels.Int32:
		list := make([]int32, len(x))
		for i, v := range x {
			list[i] = int32(v)
		}
		return list
	case kernels.Uint8:
		list := make([]byte, len(x))
		for i, v := range x {
			list[i] = byte(v)
		}
		return list
	}
	return x
}

// storedIn runs a primitive with its operands stored in a type, as far as they can be. Indices and bytes are given as numbers too.
func storedIn(t *testing.T, d *device, op kernels.Primitive, dt kernels.DType, before int, inputs [][]float32) (results [][]float32) {
	t.Helper()
	of := func(output bool, k int) kernels.DType {
		switch {
		case kernels.IsIndex(op, output, k):
			return kernels.Int32
		case kernels.IsBytes(op, output, k):
			return kernels.Uint8
		case dt == kernels.BFloat16 && !kernels.Narrows(op, output, k):
			return kernels.Float32
		}
		return dt
	}
	c := kernels.Call{Op: op}
	out, _, err := op.Operands()
	if err != nil {
		t.Fatal(err)
	}
	for k, n := range out {
		c.Out = append(c.Out, stored(t, d, of(true, k), before, make([]float32, n)))
	}
	for k, x := range inputs {
		c.In = append(c.In, stored(t, d, of(false, k), before, x))
	}
	run(t, d, 1, c)
	for _, b := range c.Out {
		if b.DType() == kernels.Int32 {
			list := make([]int32, b.Len())
			if err := b.Read(list); err != nil {
				t.Fatal(err)
			}
			x := make([]float32, len(list))
			for i, v := range list {
				x[i] = float32(v)
			}
			results = append(results, x)
			continue
		}
		results = append(results, contents(t, b))
	}
	return results
}

// Operands that are stored as bfloat16 give, bit by bit, what float32 gives for rounded inputs, rounded itself: however long the rows, whatever
// the access, at addresses of any alignment.
func TestStoredNarrow(t *testing.T) {
	d := open(t, Options{})
	rng := rand.New(rand.NewPCG(7, 8))
	fns := []kernels.Fn{kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnTanh, kernels.FnRelu, kernels.FnMax, kernels.FnSquare, kernels.FnDiv}
	for _, s := range [][3]int{{5, 7, 3}, {4, 64, 8}, {3, 1000, 1}, {1, 3, 2048}, {2, 1, 6}, {1, 1, 1}} {
		a, b, c := s[0], s[1], s[2]
		m := kernels.Map{N: a * b * c, Access: []kernels.Access{{B: 1, C: 1}, {B: a * b, C: c}, {B: b * c, C: 1}, {B: a, C: b, D: c}, {B: a * b * c, C: 1}}}
		for k := range 9 {
			m.Code = append(m.Code, kernels.Instr{Fn: fns[rng.IntN(len(fns))], X: uint8(rng.IntN(5 + k)), Y: uint8(rng.IntN(5 + k))})
		}
		m.Code = append(m.Code, kernels.Instr{Fn: kernels.FnAdd, X: 0, Y: 13})
		m.Results = []uint8{14, uint8(5 + rng.IntN(9)), 0}
		for _, op := range []kernels.Primitive{m, kernels.Reduce{A: a, B: b, C: c, Map: m}, kernels.Reduce{A: a, B: b, C: c, Max: true, Map: m}} {
			for before := range 3 {
				t.Run(fmt.Sprintf("%s %v behind %d", op.Name(), s, before), func(t *testing.T) {
					_, in, _ := op.Operands()
					var inputs [][]float32
					for _, n := range in {
						x := make([]float32, n)
						for i := range x {
							x[i] = float32(rng.NormFloat64())
						}
						x[0] = float32(math.NaN())
						inputs = append(inputs, x)
					}
					got := storedIn(t, d, op, kernels.BFloat16, before, inputs)
					for _, x := range inputs {
						for i := range x {
							x[i] = kernels.RoundBFloat16(x[i])
						}
					}
					for r, want := range storedIn(t, d, op, kernels.Float32, before, inputs) {
						for i, x := range want {
							if kernels.Narrows(op, true, r) {
								x = kernels.RoundBFloat16(x)
							}
							if y := got[r][i]; y != x && !(y != y && x != x) {
								t.Fatalf("result %d, element %d is %v, want %v", r, i, y, x)
							}
						}
					}
				})
			}
		}
	}
}

// Steps of a row read inputs stored as bfloat16 exactly and round what they store: the softmax of rounded numbers, within half a unit in its
// last place and the error of the exponential.
func TestRowsStoredNarrow(t *testing.T) {
	d := open(t, Options{})
	for _, cols := range []int{3, 700, 4096, 9000} {
		for before := range 2 {
			p := softmaxOf(5, cols)
			x := random(p.In[0])
			got := storedIn(t, d, p, kernels.BFloat16, before, [][]float32{x})[0]
			for r := range 5 {
				sum := 0.0
				for _, v := range x[r*cols:][:cols] {
					sum += math.Exp(float64(kernels.RoundBFloat16(v)))
				}
				for c, v := range x[r*cols:][:cols] {
					want := math.Exp(float64(kernels.RoundBFloat16(v))) / sum
					if y := float64(got[r*cols+c]); math.Abs(y-want) > (0x1p-8+1e-6)*want {
						t.Fatalf("row %d of %d, column %d is %v, want %v", r, cols, c, y, want)
					}
				}
			}
		}
	}
}

// A call that stores what it cannot store as bfloat16 is refused.
func TestStorageThatIsRefused(t *testing.T) {
	d := open(t, Options{})
	wide, narrow := stored(t, d, kernels.Float32, 0, make([]float32, 4)), stored(t, d, kernels.BFloat16, 0, make([]float32, 4))
	sum := kernels.Reduce{A: 4, B: 1, C: 1, Map: copyOf(4)}
	product := kernels.Gemm{Batch: 1, M: 2, N: 2, K: 2, Alpha: 1}
	for _, c := range []kernels.Call{
		{Op: sum, Out: []kernels.Buffer{narrow}, In: []kernels.Buffer{wide}},
		{Op: product, Out: []kernels.Buffer{wide}, In: []kernels.Buffer{wide, narrow}},
		{Op: product, Out: []kernels.Buffer{narrow}, In: []kernels.Buffer{wide, wide}},
		{Op: kernels.Number{N: 4}, Out: []kernels.Buffer{narrow}, In: []kernels.Buffer{indices(t, d, 4)}},
	} {
		if e, err := d.Load([]kernels.Call{c}); err == nil {
			e.Close()
			t.Errorf("%s is not refused", c.Op.Name())
		}
	}
}

func indices(t *testing.T, d kernels.Device, n int) kernels.Buffer {
	t.Helper()
	b, err := d.NewBuffer(kernels.Int32, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Free)
	return b
}

// Products of factors that are stored as bfloat16 are as near as float32's sums allow, for factors that are rounded already, and a result that
// is stored so is rounded once.
func TestProductsStoredNarrow(t *testing.T) {
	d := open(t, Options{Precision: BF16})
	rng := rand.New(rand.NewPCG(9, 10))
	for _, g := range []kernels.Gemm{
		{Batch: 1, M: 33, N: 17, K: 40, Alpha: 1}, {Batch: 1, M: 16, N: 9, K: 64, TransB: true, Alpha: 0.5}, {Batch: 3, M: 5, N: 8, K: 12, TransA: true, Alpha: 1},
		{Batch: 2, M: 5, N: 8, K: 12, ShareB: true, Alpha: 1}, {Batch: 1, M: 4, N: 4, K: 0, Alpha: 1},
	} {
		_, in, _ := g.Operands()
		var inputs, sizes [][]float32
		for _, n := range in {
			x, size := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i] = kernels.RoundBFloat16(float32(rng.NormFloat64()))
				size[i] = max(x[i], -x[i])
			}
			inputs, sizes = append(inputs, x), append(sizes, size)
		}
		full := open(t, Options{})
		want, scale := storedIn(t, full, g, kernels.Float32, 0, inputs)[0], storedIn(t, full, g, kernels.Float32, 0, sizes)[0]
		for _, to := range []kernels.DType{kernels.Float32, kernels.BFloat16} {
			c := kernels.Call{Op: g, Out: []kernels.Buffer{stored(t, d, to, 0, make([]float32, len(want)))}}
			for _, x := range inputs {
				c.In = append(c.In, stored(t, d, kernels.BFloat16, 0, x))
			}
			run(t, d, 1, c)
			for i, y := range contents(t, c.Out[0]) {
				bound := float64(g.K+2) * 0x1p-22 * float64(scale[i])
				if to == kernels.BFloat16 {
					bound += 0x1p-8 * math.Abs(float64(want[i])) // half a unit in the last of 8 digits
				}
				if math.Abs(float64(y-want[i])) > bound {
					t.Fatalf("%+v to %v: element %d is %v, want %v ± %.2g", g, to, i, y, want[i], bound)
				}
			}
		}
	}
}

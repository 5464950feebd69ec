//go:build gpu

package cuda

import (
	"slices"
	"strings"
	"testing"

	"drift/kernels"
)

// layer is a product with bias and ReLU, y = max(x·wᵀ + b, 0), the gradient that comes back to it through the layer above, d = (g·v)·[y > 0], with the
// sums of its columns, and, if asked for, something that is written to y between.
func layer(t *testing.T, d *device, m, n, k int, between bool) (calls []kernels.Call, results []kernels.Buffer) {
	t.Helper()
	in := func(size int) kernels.Buffer { return buffer32(t, d, random(size)) }
	bias := random(n)
	for i := range bias {
		bias[i] += 0.5 // ReLU is never at its kink, where libraries differ
	}
	out := func(size int) kernels.Buffer { return buffer32(t, d, make([]float32, size)) }
	y, sums, back := out(m*n), out(n), out(m*n)
	forward := kernels.Product{Gemm: kernels.Gemm{Batch: 1, M: m, N: n, K: k, TransB: true, Alpha: 1}, Activation: kernels.ReLU, Bias: true}
	gradient := kernels.Product{Gemm: kernels.Gemm{Batch: 1, M: m, N: n, K: 10, Alpha: 1}, Activation: kernels.ReLU, Gradient: true, Sums: true}
	calls = append(calls, kernels.Call{Op: forward, Out: []kernels.Buffer{y}, In: []kernels.Buffer{in(m * k), in(n * k), buffer32(t, d, bias)}})
	if between {
		negative := kernels.Map{N: 1, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnScale, Imm: -1}}, Results: []uint8{1}}
		part := y.Slice(m*n-1, m*n)
		calls = append(calls, kernels.Call{Op: negative, Out: []kernels.Buffer{part}, In: []kernels.Buffer{part}})
	}
	calls = append(calls, kernels.Call{Op: gradient, Out: []kernels.Buffer{sums, back}, In: []kernels.Buffer{in(m * 10), in(10 * n), y}})
	return calls, []kernels.Buffer{y, sums, back}
}

// Where cublasLt has a way, a product and what follows it are one call, forwards and backwards; where it has none, the same is computed by two, which is
// counted and said. The results are the same: sums of small whole numbers are exact.
func TestProductsGoOn(t *testing.T) {
	for _, c := range []struct {
		name, variable, value string
		between               bool
		joined, refused       int
		says                  string
	}{
		{name: "all is well", variable: "UNUSED", joined: 2},
		{name: "no mask", variable: "DRIFT_EMULATOR_NO_EPILOGUE", value: "134", joined: 1, refused: 1, says: "gradient and sums: what ReLU let pass"},
		{name: "no gradient", variable: "DRIFT_EMULATOR_NO_EPILOGUE", value: "152", joined: 1, refused: 1, says: "refused by the stand-in"},
		{name: "none", variable: "DRIFT_EMULATOR_NO_EPILOGUE", value: "6,134,152", refused: 2, says: "cublasLt refuses product float32 "},
		{name: "the result is changed", variable: "UNUSED", between: true, joined: 1},
		{name: "cublasLt is not wanted", variable: "DRIFT_CUBLASLT", value: "off"},
		{name: "no cublasLt", variable: "DRIFT_CUBLASLT", value: "/nowhere/libcublasLt.so.12", says: "opening cublasLt: /nowhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.variable != "UNUSED" || c.between {
				obedient(t)
			}
			for _, size := range [][3]int{{33, 130, 7}, {8, 128, 64}, {5, 3, 2}} {
				var all [2][]float32
				for k := range all { // in its way, and apart
					t.Setenv("DRIFT_CUBLASLT", "")
					t.Setenv(c.variable, c.value)
					if k > 0 {
						t.Setenv("DRIFT_CUBLASLT", "off")
					}
					d, heard := listen(t)
					calls, results := layer(t, d, size[0], size[1], size[2], c.between)
					runs := 3
					if c.between { // which each run does anew
						runs = 1
					}
					run(t, d, runs, calls...)
					for _, b := range results {
						all[k] = append(all[k], contents(t, b)...)
					}
					if k == 0 && simulated() {
						report, _ := ReportOf(d)
						if report.Epilogues != c.joined || report.EpiloguesRefused != c.refused || (report.CuBLASLt != "") != (c.variable != "DRIFT_CUBLASLT") || report.Graphs != min(1, runs-1) {
							t.Errorf("%v: %+v", size, report)
						}
						if said := strings.Join(*heard, "\n"); (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
							t.Errorf("%v: heard %q, want %q", size, said, c.says)
						}
					}
				}
				if !slices.Equal(all[0], all[1]) {
					t.Errorf("%v: joined %v, apart %v", size, all[0], all[1])
				}
			}
		})
	}
}

// A mask serves all who take the derivative, as a gradient and what is differentiated of it do.
func TestMasksAreReadAgain(t *testing.T) {
	d := open(t, Options{})
	calls, results := layer(t, d, 16, 128, 8, false)
	again := calls[1]
	again.Out = []kernels.Buffer{buffer32(t, d, make([]float32, 128)), buffer32(t, d, make([]float32, 16*128))}
	run(t, d, 2, append(calls, again)...)
	if report, _ := ReportOf(d); simulated() && (report.Epilogues != 3 || report.EpiloguesRefused != 0) {
		t.Errorf("%+v", report)
	}
	if first, second := contents(t, results[2]), contents(t, again.Out[1]); !slices.Equal(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
}

// GELU by tanh goes on in one call both ways where rows are multiples of 8, and else as a chain.
func TestGELUGoesOn(t *testing.T) {
	obedient(t)
	d := open(t, Options{})
	for n, want := range map[int]string{64: "cublaslt gelu+bias+aux, cublaslt dgelu+bgrad", 60: "cublas, map, cublas, reduce"} {
		out := func(size int) kernels.Buffer { return buffer32(t, d, make([]float32, size)) }
		g := kernels.Gemm{Batch: 1, M: 32, N: n, K: 5, Alpha: 0.1}
		x, w, u, y := buffer32(t, d, random(32*5)), buffer32(t, d, random(5*n)), out(32*n), out(32*n)
		e, err := d.Load([]kernels.Call{
			{Op: kernels.Product{Gemm: g, Activation: kernels.GELUTanh, Bias: true, Keep: true}, Out: []kernels.Buffer{y, u}, In: []kernels.Buffer{x, w, buffer32(t, d, random(n))}},
			{Op: kernels.Product{Gemm: g, Activation: kernels.GELUTanh, Gradient: true, Sums: true}, Out: []kernels.Buffer{out(n), out(32 * n)}, In: []kernels.Buffer{x, w, u}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range e.(*executable).commands {
			names = append(names, c.kernel())
		}
		e.Close()
		if got := strings.Join(slices.Compact(names), ", "); !strings.HasPrefix(got, want) {
			t.Errorf("rows of %d: %s, want %s", n, got, want)
		}
	}
	if report, _ := ReportOf(d); report.Epilogues != 2 || report.EpiloguesRefused != 2 || len(report.Notices) != 2 {
		t.Errorf("%+v", report)
	}
}

// One call is one kernel in a profile, and says which.
func TestProductsGoOnInOneCall(t *testing.T) {
	obedient(t)
	d := open(t, Options{})
	calls, _ := layer(t, d, 16, 128, 8, false)
	e, err := d.Load(calls)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var names []string
	for _, c := range e.(*executable).commands {
		names = append(names, c.kernel())
	}
	if want := []string{"cublaslt relu+bias+aux", "cublaslt drelu+bgrad"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if mask := int64(16 * 128 / 8); e.ScratchBytes() != mask {
		t.Errorf("%d bytes of scratch memory, want %d of a mask", e.ScratchBytes(), mask)
	}
}

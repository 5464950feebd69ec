//go:build gpu

package cuda

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// Products that go on with factors stored as bfloat16 round their result once, in one call, where cublasLt has a way, and else twice, in two: z
// first. Both are within half a unit in the last of eight digits for each time of what float64 gives, and what the derivative is taken at is read as
// it is stored.
func TestProductsThatGoOnStoredNarrow(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	for _, way := range []struct {
		cublasLt string
		joined   int
		rounds   float64
	}{{"", 4, 1}, {"off", 0, 2}} {
		t.Setenv("DRIFT_CUBLASLT", way.cublasLt)
		d := open(t, Options{Precision: BF16})
		g := kernels.Gemm{Batch: 1, M: 24, N: 128, K: 16, Alpha: 1}
		for _, forward := range []kernels.Product{
			{Gemm: g, Activation: kernels.ReLU, Bias: true}, {Gemm: g, Activation: kernels.GELUTanh, Bias: true, Keep: true},
		} {
			in := inputsWithoutNaN(rng, forward)
			var calls []kernels.Call
			y := stored(t, d, kernels.BFloat16, 0, make([]float32, g.M*g.N))
			c := kernels.Call{Op: forward, Out: []kernels.Buffer{y}}
			if forward.Keep {
				c.Out = append(c.Out, stored(t, d, kernels.BFloat16, 0, make([]float32, g.M*g.N)))
			}
			for _, x := range in {
				c.In = append(c.In, stored(t, d, kernels.BFloat16, 0, x))
			}
			at := c.Out[len(c.Out)-1]
			backward := kernels.Product{Gemm: g, Activation: forward.Activation, Gradient: true}
			back := stored(t, d, kernels.BFloat16, 0, make([]float32, g.M*g.N))
			calls = append(calls, c, kernels.Call{Op: backward, Out: []kernels.Buffer{back}, In: append(c.In[:2:2], at)})
			run(t, d, 2, calls...)
			kept := contents(t, at)
			for i, got := range contents(t, y) {
				z, size := 0.0, 0.0
				for k := range g.K {
					term := float64(in[0][i/g.N*g.K+k]) * float64(in[1][k*g.N+i%g.N])
					z, size = z+term, size+math.Abs(term)
				}
				b := float64(in[2][i%g.N])
				want, slope := goesOn(forward.Activation, z+b, float64(kept[i]))
				slack := 0x1p-20 * (size + math.Abs(b))
				if want := z + b; forward.Keep && math.Abs(float64(kept[i])-want) > 0x1p-8*way.rounds*(math.Abs(z)+math.Abs(want))+slack {
					t.Fatalf("%s: what is kept of element %d is %v, want %v", kernels.Describe(forward), i, kept[i], want)
				}
				if math.Abs(float64(got)-want) > 0x1p-8*(math.Abs(want)+1.2*(way.rounds-1)*math.Abs(z))+slack {
					t.Fatalf("%s: element %d is %v, want %v", kernels.Describe(forward), i, got, want)
				}
				if got, want := float64(contents(t, back)[i]), z*slope; math.Abs(got-want) > 0x1p-8*way.rounds*1.01*math.Abs(want)+3*slack {
					t.Fatalf("%s: element %d is %v, want %v", kernels.Describe(backward), i, got, want)
				}
			}
		}
		if report, _ := ReportOf(d); simulated() && (report.Epilogues != way.joined || report.EpiloguesRefused != 0) {
			t.Errorf("cublasLt %q: %+v", way.cublasLt, report)
		}
	}
}

// The sums of a factor that is stored as bfloat16 come with the product in one call, in float32, or by a kernel of their own; so they do where
// cublasLt refuses to.
func TestSumsOfFactorsStoredNarrow(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	for _, way := range []struct {
		variable, value string
		joined, refused int
	}{{"UNUSED", "", 1, 0}, {"DRIFT_CUBLASLT", "off", 0, 0}, {"DRIFT_EMULATOR_NO_EPILOGUE", "512", 0, 1}} {
		t.Setenv(way.variable, way.value)
		for _, transposed := range []bool{false, true} {
			d, _ := listen(t)
			p := kernels.Product{Gemm: kernels.Gemm{Batch: 1, M: 16, N: 24, K: 33, TransA: transposed, Alpha: 1}, FactorSums: true}
			in := inputsWithoutNaN(rng, p)
			c := kernels.Call{Op: p, Out: []kernels.Buffer{buffer32(t, d, make([]float32, p.M)), buffer32(t, d, make([]float32, p.M*p.N))}}
			for _, x := range in {
				c.In = append(c.In, stored(t, d, kernels.BFloat16, 0, x))
			}
			run(t, d, 2, c)
			for m, got := range contents(t, c.Out[0]) {
				sum, size := 0.0, 0.0
				for k := range p.K {
					v := float64(in[0][m*p.K+k])
					if transposed {
						v = float64(in[0][k*p.M+m])
					}
					sum, size = sum+v, size+math.Abs(v)
				}
				if math.Abs(float64(got)-sum) > float64(p.K)*0x1p-23*size {
					t.Errorf("%v: sum %d is %v, want %v", way, m, got, sum)
				}
			}
			if report, _ := ReportOf(d); simulated() && (report.Epilogues != way.joined || report.EpiloguesRefused != way.refused) {
				t.Errorf("%v: %+v", way, report)
			}
		}
		t.Setenv(way.variable, "")
	}
}

// goesOn is an activation, and its derivative at what was stored.
func goesOn(a kernels.Activation, u, at float64) (y, slope float64) {
	if a == kernels.ReLU {
		if at > 0 {
			slope = 1
		}
		return max(u, 0), slope
	}
	gelu := func(u float64) (y, slope float64) {
		c := math.Sqrt(2 / math.Pi)
		tanh := math.Tanh(c * (u + 0.044715*u*u*u))
		return u * (1 + tanh) / 2, (1+tanh)/2 + u*(1-tanh*tanh)/2*c*(1+3*0.044715*u*u)
	}
	y, _ = gelu(u)
	_, slope = gelu(at)
	return y, slope
}

// inputsWithoutNaN are random inputs of a primitive, rounded to bfloat16.
func inputsWithoutNaN(rng *rand.Rand, op kernels.Primitive) [][]float32 {
	inputs := inputsOf(rng, op, 0)
	for _, x := range inputs {
		for i := range x {
			if x[i] != x[i] {
				x[i] = 1
			}
		}
	}
	return inputs
}

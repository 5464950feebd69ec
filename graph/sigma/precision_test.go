package sigma

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"drift/data"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// crowded is examples that differ from a common one by a share of it: images of 6×6 in one class.
func crowded(seed uint64, n int, share float64) data.Set {
	s := noise(n)
	center, x := gaussian(seed, 36), gaussian(seed+1, 36*n)
	for i := range x {
		x[i] = float64(float32(center[i%36] + share*x[i]))
	}
	s.X, s.Labels = data.ValuesOf(x), make([]int32, n)
	return s
}

// found is the statistics of all examples, by name.
func found(t testing.TB, f *objective.Objective) map[string][]float64 {
	t.Helper()
	all := f.All(objective.Train)
	m, err := Measure(f, all, Wanted{Eigenvalues: 2, Along: gaussian(9, f.NumParams()), Diagonal: true})
	must(t, err)
	stats := map[string][]float64{"tr Σ": {m.TraceSigma}, "‖∂tr Σ‖²": {m.TraceGradientNorm2}, "eigenvalues": m.Eigenvalues, "noise scale": {*m.NoiseScale}}
	for _, v := range m.Vectors {
		stats[v.Kind] = v.Values
	}
	delete(stats, "hvp")
	g, err := NewGradients(f, all)
	must(t, err)
	defer g.Close()
	gram, err := g.Gram()
	must(t, err)
	Centre(gram.Rest)
	stats["Gram"] = symmetric(gram.Rest)
	w, err := newWindow(f, len(all), 1, 1)
	must(t, err)
	defer w.close()
	must(t, w.refresh(all))
	leading, _, err := w.leading(2)
	must(t, err)
	stats["window"], stats["window: tr Σ"], stats["window: eigenvalues"] = symmetric(w.centredGram), []float64{w.trace()}, leading
	return stats
}

// kronecker adds the Kronecker factors.
func kronecker(t testing.TB, f *objective.Objective, stats map[string][]float64) map[string][]float64 {
	t.Helper()
	b, err := newBases(f, 0, 1)
	must(t, err)
	defer b.close()
	must(t, b.refresh(f.All(objective.Train)))
	for k, l := range b.layers {
		if l != nil {
			middle := l.at + l.in*l.in
			stats[fmt.Sprint("Kronecker inputs of ", k)] = b.factors[l.at:middle]
			stats[fmt.Sprint("Kronecker adjoints of ", k)] = b.factors[middle : middle+l.out*l.out]
		}
	}
	return stats
}

// symmetric is all elements.
func symmetric(m *mat.SymDense) []float64 { return mat.DenseCopyOf(m).RawMatrix().Data }

// attending is a network of images whose patches attend to each other.
const attending = `{"layers": [{"conv2d": {"out": 4, "kernel": 2, "stride": 2}}, "tokens", {"residual": {"layers": [{"layernorm": {}},
	{"attention": {"heads": 2}}]}}, "meanpool", {"linear": {"out": 3}}]}`

// both is the statistics in float32, and what float64 finds at the same parameters.
func both(t testing.TB, network string, set data.Set, chunk int) (single, double map[string][]float64) {
	t.Helper()
	f := open(t, network, set, chunk, kernels.Float32)
	theta := make([]float64, f.NumParams())
	must(t, f.Parameters().Read(theta))
	single = kronecker(t, f, found(t, f))
	f.Close()
	f = open(t, network, set, chunk, kernels.Float64)
	must(t, f.Parameters().Write(theta))
	double = kronecker(t, f, found(t, f))
	f.Close()
	return single, double
}

// On data whose offset is 1 to 10⁶ times their spread, statistics of Σ in float32 are what float64 finds. Gradients come rounded to
// u = 2⁻²⁴ of themselves, which is u‖ḡ‖/σ of their spread, σ² = tr Σ, and no way of adding them up takes that out: the tolerance is 32 times
// that, or 10⁻³ where that is more. What squares before it centers is off by its square. What is 0 in
// float32 is below the bound of graph.CovarianceTrace.
func TestStatisticsKeepTheirDigits(t *testing.T) {
	const roundings = 32
	checks := 8
	if devicetest.Emulated() {
		checks = 3
	}
	models := maps.Clone(networks)
	models["attention"] = attending
	for name, network := range models {
		t.Run(name, func(t *testing.T) {
			fewChecks(t, checks, func(r *rapid.T) {
				share := math.Pow(10, -rapid.Float64Range(0, 6).Draw(r, "digits in common"))
				chunk := rapid.SampledFrom([]int{8, 22, 64}).Draw(r, "chunk")
				set := crowded(rapid.Uint64Range(1, 1000).Draw(r, "seed"), few, share)
				single, double := both(t, network, set, chunk)
				ratio := 1 / math.Sqrt(double["noise scale"][0])
				if single["tr Σ"][0] == 0 {
					if bound := graph.Roundings * 0x1p-24 * math.Sqrt(few/(few-1.)); !(1/ratio <= 2*bound) {
						r.Fatalf("tr Σ is 0 where σ is %.2g of ‖ḡ‖, the bound %.2g", 1/ratio, bound)
					}
					return
				}
				tolerance := math.Max(1e-3, roundings*0x1p-24*ratio)
				for what, want := range double {
					if d := distance(single[what], want); !(d <= tolerance) {
						r.Errorf("%s: relative distance %.2g, want at most %.2g = %.2g roundings", what, d, tolerance, d/(0x1p-24*ratio))
					}
				}
			})
		})
	}
}

// fewChecks is rapid.Check for a property that takes long: it tries n cases, or what -rapid.checks says.
func fewChecks(t *testing.T, n int, property func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if before := checks.Value.String(); before == checks.DefValue {
		must(t, checks.Value.Set(fmt.Sprint(n)))
		defer checks.Value.Set(before)
	}
	rapid.Check(t, property)
}

// Targets far from all outputs, as prices are, make gradients that have nearly all in common.
func TestTargetsFarFromOutputs(t *testing.T) {
	set := crowded(3, 40, 0.1)
	set.Labels, set.Classes, set.Outputs = nil, 0, 3
	y := gaussian(8, 40*3)
	for i := range y {
		y[i] = float64(float32(300000 + 100*y[i]))
	}
	set.Y = y
	for _, chunk := range []int{16, 64} {
		single, double := both(t, networks["dense"], set, chunk)
		for what, want := range double {
			if d := distance(single[what], want); !(d <= 1e-3) {
				t.Errorf("chunks of %d, %s: relative distance %.2g, want at most 1e-3", chunk, what, d)
			}
		}
	}
}

// Examples that are all the same have no Σ, to the last digit, whatever they round to.
func TestEqualExamplesHaveNoSigma(t *testing.T) {
	for network, model := range networks {
		for _, chunk := range []int{8, 64} {
			f := open(t, model, crowded(5, few, 0), chunk, kernels.Float32)
			mean, slope := make([]float64, f.NumParams()), make([]float64, f.NumParams())
			g, err := f.NewVector()
			must(t, err)
			d, err := f.NewVector()
			must(t, err)
			trace, err := f.TraceGradient(f.All(objective.Train), g, d)
			must(t, errors.Join(err, g.Read(mean), d.Read(slope)))
			if norm := floats.Norm(slope, 2); trace != 0 || norm != 0 || floats.Norm(mean, 2) == 0 {
				t.Errorf("%s, chunks of %d: on the device tr Σ is %v and ∂tr Σ has norm %.2g", network, chunk, trace, norm)
			}
			for what, values := range found(t, f) {
				if norm := floats.Norm(values, 2); what != "grad" && norm != 0 {
					t.Errorf("%s, chunks of %d: %s has norm %.2g", network, chunk, what, norm)
				}
			}
		}
	}
}

func distance(got, want []float64) float64 {
	d, s := 0., 0.
	for i := range want {
		d, s = d+(got[i]-want[i])*(got[i]-want[i]), s+want[i]*want[i]
	}
	return math.Sqrt(d / s)
}

// Solutions in float32 on crowded examples are those of float64: what the inverses take Σ for is as precise as Σ is. The bases of Kronecker
// factors are arbitrary where eigenvalues are nearly equal, so that only the trace is compared of that one.
func TestSolutionsKeepTheirDigits(t *testing.T) {
	const share = 1e-4
	set, batch := crowded(7, few, share), []int{1, 2, 3, 5, 8, 9, 11, 12, 13, 14, 15, 16, 17, 20}
	build := map[string]func(f *objective.Objective) (Inverse, error){
		"gram": approximations["gram"].build, "lowrank": approximations["lowrank"].build, "diagonal": approximations["diagonal"].build,
		"kronecker": func(f *objective.Objective) (Inverse, error) { return NewKroneckerInverse(f, 0, 1) },
	}
	for name, b := range build {
		for _, chunk := range []int{8, 64} {
			var solution [2][]float64
			var report [2]Report
			for k, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
				f := open(t, networks["dense"], set, chunk, dtype)
				must(t, f.Parameters().Write(singles(f.Initial(3))))
				x, err := f.NewVector()
				must(t, err)
				inverse, err := b(f)
				must(t, err)
				mustSolve(t, inverse, batch, Damping{Value: 1, Relative: true}, x)
				report[k], err = inverse.Report()
				must(t, err)
				solution[k] = make([]float64, x.Len())
				must(t, x.Read(solution[k]))
				inverse.Close()
				f.Close()
			}
			what := fmt.Sprintf("%s, chunks of %d", name, chunk)
			near(t, what+": tr Σ", []float64{report[0].Trace}, []float64{report[1].Trace}, 10*0x1p-24/share)
			if name != "kronecker" {
				near(t, what, solution[0], solution[1], 10*0x1p-24/share)
			}
		}
	}
}

// singles rounds to float32.
func singles(x []float64) []float64 {
	for i := range x {
		x[i] = float64(float32(x[i]))
	}
	return x
}

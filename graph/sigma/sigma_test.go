package sigma

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// networks have dense, convolution and normalisation layers, each small enough to be compared with full matrices.
var networks = map[string]string{
	"dense": `{"layers": ["flatten", {"linear": {"out": 5}}, "tanh", {"linear": {"out": 3}}]}`,
	"conv": `{"layers": [{"conv2d": {"out": 3, "kernel": 3, "padding": 1}}, "gelu", {"avgpool2d": {"kernel": 2}},
		{"conv2d": {"out": 2, "kernel": 2}}, "flatten", {"linear": {"out": 3}}]}`,
	"groups": `{"layers": [{"conv2d": {"out": 4, "kernel": 3}}, "tanh", {"conv2d": {"out": 6, "kernel": 2, "groups": 2, "dilation": 2}}, "gelu",
		{"conv2d": {"out": 6, "kernel": 2, "groups": 6}}, "flatten", {"linear": {"out": 3}}]}`,
	"norm": `{"layers": [{"conv2d": {"out": 4, "kernel": 3}}, {"groupnorm": {"groups": 2}}, "silu", "flatten", {"linear": {"out": 6}},
		{"layernorm": {}}, {"linear": {"out": 3}}]}`,
}

// sequences look up tokens and attend to each other.
var sequences = map[string]string{
	"embedding": `{"layers": [{"embedding": {"tokens": 5, "width": 4}}, {"positions": {"length": 6}}, {"residual": {"layers": [{"rmsnorm": {}},
		{"attention": {"heads": 2}}]}}, "tanh", {"linear": {"out": 5, "bias": false}}]}`,
	"tied embedding": `{"layers": [{"embedding": {"tokens": 5, "width": 3}}, {"residual": {"layers": [{"attention": {"heads": 1, "causal": true,
		"bias": false}}]}}, {"linear": {"out": 5, "weight": "0.weight"}}]}`,
}

// few and many are numbers of examples below and above the number of parameters; chunked is a chunk that divides neither.
const (
	few     = 23
	chunked = 8
)

func gaussian(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 77))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// noise is examples without structure: images of 6×6 in three classes.
func noise(n int) data.Set {
	s := data.Set{Name: "noise", Shape: []int{1, 6, 6}, Classes: 3, X: data.ValuesOf(gaussian(5, 36*n)), Labels: make([]int32, n)}
	for i := range s.Labels {
		s.Labels[i] = int32(i % 3)
	}
	return s
}

// words is rows of four tokens below five, each with a class below five; some have none.
func words(n int) data.Set {
	r, x := rand.New(rand.NewPCG(8, 9)), make([]float64, 4*n)
	s := data.Set{Name: "words", Shape: []int{4}, Tokens: 5, Classes: 5, Positions: 4, X: data.ValuesOf(x), Labels: make([]int32, 4*n)}
	for i := range x {
		if x[i], s.Labels[i] = float64(r.IntN(5)), int32(r.IntN(5)); i%7 == 3 {
			s.Labels[i] = data.NoLabel
		}
	}
	return s
}

func open(t testing.TB, model string, set data.Set, chunk int, dtype kernels.DType) *objective.Objective {
	t.Helper()
	var loss nn.Loss = nn.CrossEntropy{}
	outputs := set.Classes
	if set.Classes == 0 {
		loss, outputs = nn.MSE{}, set.Outputs
	}
	m, err := nn.Parse(model, set.Shape, outputs, loss)
	must(t, err)
	f, err := objective.New(devicetest.Open(2), m, &data.Split{Train: set}, objective.Options{DType: dtype, Chunk: chunk})
	must(t, err)
	t.Cleanup(f.Close)
	must(t, f.Parameters().Write(m.Init(3)))
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rows is the per-example gradients written out.
func rows(t testing.TB, f *objective.Objective, examples []int) *mat.Dense {
	t.Helper()
	g := mat.NewDense(len(examples), f.NumParams(), nil)
	for n, example := range examples {
		v, err := f.NewVector()
		must(t, err)
		must(t, f.Gradient([]int{example}, v))
		must(t, v.Read(g.RawRowView(n)))
		v.Free()
	}
	return g
}

// dense is Σ and ḡ from gradients written out.
func dense(g *mat.Dense) (sigma *mat.SymDense, mean []float64) {
	n, p := g.Dims()
	mean = make([]float64, p)
	for i := range n {
		floats.AddScaled(mean, 1/float64(n), g.RawRowView(i))
	}
	centred := mat.DenseCopyOf(g)
	for i := range n {
		floats.Sub(centred.RawRowView(i), mean)
	}
	sigma = mat.NewSymDense(p, nil)
	sigma.SymOuterK(1/float64(n-1), centred.T())
	return sigma, mean
}

// written is an operator written out as a matrix.
func written(t testing.TB, a Operator) *mat.SymDense {
	t.Helper()
	n := a.Dim()
	m := mat.NewSymDense(n, nil)
	e, column := make([]float64, n), make([]float64, n)
	for j := range n {
		e[j] = 1
		must(t, a.Apply(column, e))
		e[j] = 0
		for i := range j + 1 {
			m.SetSym(i, j, column[i])
		}
	}
	return m
}

func times(a *mat.SymDense, v []float64) []float64 {
	out := make([]float64, len(v))
	mat.NewVecDense(len(v), out).MulVec(a, mat.NewVecDense(len(v), v))
	return out
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	if d := floats.Distance(got, want, 2); !(d <= tolerance*floats.Norm(want, 2)) {
		t.Errorf("%s: distance %.3g from one of norm %.3g, want at most %g of it", what, d, floats.Norm(want, 2), tolerance)
	}
}

// cases runs a test for every network in chunks that are shorter than the examples and in one that is longer.
func cases(t *testing.T, test func(t *testing.T, f *objective.Objective, examples []int)) {
	casesOf(t, networks, noise, test)
}

// allCases adds the sequences.
func allCases(t *testing.T, test func(t *testing.T, f *objective.Objective, examples []int)) {
	cases(t, test)
	casesOf(t, sequences, words, test)
}

func casesOf(t *testing.T, models map[string]string, data func(n int) data.Set, test func(t *testing.T, f *objective.Objective, examples []int)) {
	for name, model := range models {
		for _, chunk := range []int{chunked, 64} {
			t.Run(name, func(t *testing.T) {
				f := open(t, model, data(few+2), chunk, kernels.Float64)
				examples := f.All(objective.Train)[:few]
				examples[1], examples[7] = 24, 3 // in another order, one of them twice
				test(t, f, examples)
			})
		}
	}
}

func TestCovarianceEqualsItsMatrix(t *testing.T) {
	allCases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, mean := dense(rows(t, f, examples))
		a, err := NewCovariance(f, examples)
		must(t, err)
		defer a.Close()
		for _, v := range [][]float64{gaussian(1, a.Dim()), mean} {
			image := make([]float64, a.Dim())
			must(t, a.Apply(image, v))
			near(t, "Σ v", image, times(sigma, v), 1e-10)
		}
	})
}

// The Hessian's products are the change of the gradient: central differences leave an error of the square of their step.
func TestHessianIsTheDerivativeOfTheGradient(t *testing.T) {
	allCases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		h, err := NewHessian(f, examples)
		must(t, err)
		defer h.Close()
		v, image := gaussian(1, h.Dim()), make([]float64, h.Dim())
		must(t, h.Apply(image, v))
		theta, g := f.Initial(3), make([][]float64, 2)
		for k, step := range []float64{1e-5, -1e-5} {
			moved := append([]float64(nil), theta...)
			floats.AddScaled(moved, step, v)
			must(t, f.Parameters().Write(moved))
			_, g[k] = dense(rows(t, f, examples))
		}
		floats.Sub(g[0], g[1])
		floats.Scale(1/2e-5, g[0])
		near(t, "H v", image, g[0], 1e-7)
	})
}

func TestHessianIsSymmetric(t *testing.T) {
	f := open(t, networks["conv"], noise(few), chunked, kernels.Float64)
	h, err := NewHessian(f, f.All(objective.Train))
	must(t, err)
	defer h.Close()
	u, v := gaussian(1, h.Dim()), gaussian(2, h.Dim())
	hu, hv := make([]float64, h.Dim()), make([]float64, h.Dim())
	must(t, h.Apply(hu, u))
	must(t, h.Apply(hv, v))
	if a, b := floats.Dot(u, hv), floats.Dot(v, hu); math.Abs(a-b) > 1e-12*math.Abs(a) {
		t.Errorf("⟨u, Hv⟩ = %v but ⟨v, Hu⟩ = %v", a, b)
	}
}

func TestGramOperatorSharesEigenvalues(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		g := rows(t, f, examples)
		sigma, _ := dense(g)
		gradients, err := NewGradients(f, examples)
		must(t, err)
		defer gradients.Close()
		gram, err := gradients.Gram()
		must(t, err)
		var want mat.SymDense
		want.SymOuterK(1, g)
		near(t, "Gram matrix", whole(gram), mat.DenseCopyOf(&want).RawMatrix().Data, 1e-10)
		a, err := Solve(written(t, GramOperator{gradients}), few-1)
		must(t, err)
		b, err := Solve(sigma, few-1)
		must(t, err)
		near(t, "eigenvalues", values(a), values(b), 1e-10)
	})
}

// whole is G Gᵀ.
func whole(g *Gram) []float64 {
	var all []float64
	for i, a := range g.Along {
		for j, b := range g.Along {
			all = append(all, g.Rest.At(i, j)+a+b+g.Center)
		}
	}
	return all
}

func values(pairs []Pair) []float64 {
	var all []float64
	for _, p := range pairs {
		all = append(all, p.Value)
	}
	return all
}

func TestSpectrumOfSigma(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, _ := dense(rows(t, f, examples))
		want, err := Solve(sigma, few+4)
		must(t, err)
		g, err := NewGradients(f, examples)
		must(t, err)
		defer g.Close()
		got, _, err := g.Leading(few+4, Search{})
		must(t, err)
		near(t, "eigenvalues", got, values(want), 1e-10)
	})
}

// Lanczos iteration with products of GramOperator finds what the full matrix has, with and without room for restarts.
func TestLanczosFindsLeadingPairs(t *testing.T) {
	n, k := 60, 5
	a := mat.NewSymDense(n, nil)
	for i := range n {
		a.SetSym(i, i, 1/float64(1+i)-0.3)
	}
	q := mat.NewDense(n, n, gaussian(9, n*n))
	var qr mat.QR
	qr.Factorize(q)
	qr.QTo(q)
	var rotated mat.Dense
	rotated.Product(q, a, q.T())
	for i := range n {
		for j := i; j < n; j++ {
			a.SetSym(i, j, rotated.At(i, j))
		}
	}
	for _, basis := range []int{8, 20, 60} {
		pairs, err := Leading(Dense{a}, k, Search{Basis: basis, Products: 500})
		must(t, err)
		for i, p := range pairs {
			image := times(a, p.Vector)
			floats.AddScaled(image, -p.Value, p.Vector)
			residual := floats.Norm(image, 2)
			if want := 1/float64(1+i) - 0.3; math.Abs(p.Value-want) > 1e-9 || residual > 1e-9 || math.Abs(residual-p.Residual) > 1e-10 {
				t.Errorf("basis %d: λ = %v, want %v; residual %.3g, said to be %.3g", basis, p.Value, want, residual, p.Residual)
			}
		}
	}
}

func TestLanczosPassesInvariantSubspaces(t *testing.T) {
	a := mat.NewSymDense(6, nil) // eigenvalues 2 (twice), 1 and 0 (three times)
	a.SetSym(0, 0, 2)
	a.SetSym(3, 3, 2)
	a.SetSym(5, 5, 1)
	pairs, err := Leading(Dense{a}, 4, Search{})
	must(t, err)
	near(t, "eigenvalues", values(pairs), []float64{2, 2, 1, 0}, 1e-12)
	pairs, err = Leading(Dense{mat.NewSymDense(3, nil)}, 2, Search{})
	must(t, err)
	if pairs[0].Value != 0 || pairs[1].Value != 0 {
		t.Errorf("eigenvalues %v of a matrix of zeros", values(pairs))
	}
}

func TestMeasure(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, mean := dense(rows(t, f, examples))
		p := f.NumParams()
		along := gaussian(4, p)
		m, err := Measure(f, examples, Wanted{Eigenvalues: 3, Along: along, Diagonal: true, Density: 5, Hessian: 2, Trace: 12})
		must(t, err)
		norm2 := floats.Dot(mean, mean)
		trace := mat.Trace(sigma)
		near(t, "numbers", []float64{m.GradNorm2, m.TraceSigma, *m.NoiseScale}, []float64{norm2, trace, trace / norm2}, 1e-10)
		if unbiased := norm2 - trace/few; (m.NoiseScaleUnbiased != nil) != (unbiased > 0) {
			t.Errorf("unbiased noise scale %v where ‖ḡ‖² − tr Σ/N = %v", m.NoiseScaleUnbiased, unbiased)
		}
		vectors := map[string][]float64{}
		for _, v := range m.Vectors {
			vectors[v.Kind] = v.Values
		}
		diagonal := make([]float64, p)
		for i := range diagonal {
			diagonal[i] = sigma.At(i, i)
		}
		near(t, "ḡ", vectors["grad"], mean, 1e-10)
		near(t, "diag Σ", vectors["sigma_diag"], diagonal, 1e-10)
		near(t, "Σ v", vectors["sigma_vp"], times(sigma, along), 1e-10)
		if vectors["hvp"] == nil || vectors["grad_tr_sigma"] == nil || len(m.Eigenvalues) != 3 || m.Density == nil || len(m.HessianEigenvalues) != 2 || m.HessianTrace == nil {
			t.Errorf("vectors %v, eigenvalues %v", len(vectors), m.Eigenvalues)
		}
	})
}

func TestMeasureOnFailingDevices(t *testing.T) {
	set := noise(few)
	m, err := nn.Parse("mlp:5", set.Shape, set.Classes, nn.CrossEntropy{})
	must(t, err)
	devicetest.OnFailingDevice(t, func(dev kernels.Device) error {
		f, err := objective.New(dev, m, &data.Split{Train: set}, objective.Options{Chunk: chunked})
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Parameters().Write(m.Init(3)); err != nil {
			return err
		}
		_, err = Measure(f, f.All(objective.Train), Wanted{Eigenvalues: 2, Along: gaussian(4, m.NumParams()), Diagonal: true, Density: 3, Hessian: 1, Trace: 6})
		return err
	})
}

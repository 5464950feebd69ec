package nn

import (
	"math"
	"slices"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// noise multiplies its input by the random numbers themselves, which a network of it shows.
type noise struct{}

func (noise) Shape(_ *Scope, in []int) ([]int, error) { return in, nil }
func (noise) Build(b *Build, x *graph.Node) *graph.Node {
	if u := b.Uniform(x.Shape()[1:]...); u != nil {
		return graph.Mul(x, u)
	}
	return x
}

// constants is examples of two kinds whose inputs are all 1.
func constants(n, size int) data.Set {
	s := data.Set{Name: "ones", Shape: []int{size}, Classes: 2}
	values := make([]float32, n*size)
	for i := range values {
		values[i] = 1
	}
	for i := range n {
		s.Labels = append(s.Labels, int32(i%2))
	}
	s.X = data.ValuesOf(values)
	return s
}

// random is an objective over n examples.
func random(t *testing.T, dt kernels.DType, chunk int, set data.Set, layers ...Layer) *objective.Objective {
	t.Helper()
	m, err := New(objective.Input{Shape: set.Shape}, CrossEntropy{}, layers...)
	if err != nil {
		t.Fatal(err)
	}
	f, err := objective.New(devicetest.Open(2), m, &data.Split{Train: set}, objective.Options{DType: dt, Seed: 5, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// identity is a linear layer with the parameters I, so that what is multiplied by random numbers comes out.
func identity(t *testing.T, f *objective.Objective, width int) {
	t.Helper()
	theta := make([]float64, f.NumParams())
	for i := range width {
		theta[i*width+i] = 1
	}
	if err := f.SetValues(theta); err != nil {
		t.Fatal(err)
	}
}

func outputs(t *testing.T, f *objective.Objective, examples ...int) []float64 {
	t.Helper()
	all := make([]float64, 0, len(examples))
	err := f.Outputs(examples, func(_ int, rows []float64) error {
		all = append(all, rows...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func setStep(t *testing.T, f *objective.Objective, seed uint64, step int) {
	t.Helper()
	if err := f.SetStep(seed, step); err != nil {
		t.Fatal(err)
	}
}

// What is drawn for an example follows from seed, step and its index alone: not from the batch, the chunk or the type.
func TestRandomNumbersBelongToExamples(t *testing.T) {
	const n, width = 9, 7
	draw := func(dt kernels.DType, chunk int, seed uint64, step int, examples ...int) []float64 {
		f := random(t, dt, chunk, constants(n, width), Linear{Out: width}, noise{})
		identity(t, f, width)
		setStep(t, f, seed, step)
		return outputs(t, f.Training(), examples...)
	}
	all := draw(kernels.Float64, 100, 1, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	row := func(i int) []float64 { return all[i*width : (i+1)*width] }
	for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
		for _, chunk := range []int{1, 2, 100} {
			got := draw(dt, chunk, 1, 3, 7, 2, 5, 2)
			if want := slices.Concat(row(7), row(2), row(5), row(2)); !slices.Equal(got, want) {
				t.Errorf("%v in chunks of %d: %v, want %v", dt, chunk, got, want)
			}
		}
	}
	for _, other := range [][]float64{draw(kernels.Float64, 100, 1, 4, 2), draw(kernels.Float64, 100, 2, 3, 2), row(3)} {
		if slices.ContainsFunc(other, func(u float64) bool { return slices.Contains(row(2), u) }) {
			t.Error("another step, seed or example draws the same number")
		}
	}
}

// An element is 0 or 1/(1−p) times itself, never anything else, as often as p says: within five standard errors.
func TestDropoutKeepsItsShare(t *testing.T) {
	const n, width = 200, 300
	for _, p := range []float64{0, 0.1, 0.5, 0.9, 1} {
		f := random(t, kernels.Float32, 1000, constants(n, width), Linear{Out: width}, Dropout{P: p})
		identity(t, f, width)
		kept := 0
		for _, x := range outputs(t, f.Training(), f.All(objective.Train)...) {
			if x != 0 {
				kept++
				if math.Abs(x-1/(1-p)) > 1e-6*x {
					t.Fatalf("p = %v: an element became %v", p, x)
				}
			}
		}
		count := float64(n * width)
		if off := math.Abs(float64(kept) - (1-p)*count); off > 5*math.Sqrt(count*p*(1-p)) {
			t.Errorf("p = %v: %d of %v elements are kept", p, kept, count)
		}
		for _, x := range outputs(t, f, 0, 1) {
			if x != 1 {
				t.Fatalf("p = %v: in evaluation an element became %v", p, x)
			}
		}
	}
}

func TestDropoutTakesProbabilities(t *testing.T) {
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := New(objective.Input{Shape: []int{3}}, CrossEntropy{}, Linear{Out: 2}, Dropout{P: p}); err == nil {
			t.Errorf("a probability of %v was taken", p)
		}
	}
}

// masked is a smooth network with dropout in front of and behind its weights, on images.
var masked = []Layer{Conv2D{Out: 3, Kernel: Pair{3, 3}, Stride: Pair{1, 1}, Bias: true}, Dropout{P: 0.3}, Tanh,
	Tokens{}, Residual{Layers: Layers{Attention{Heads: 3, Bias: true, Dropout: 0.4}}}, Flatten{},
	Residual{Layers: Layers{Dropout{P: 0.5}, Linear{Out: 12, Bias: true}, GELU}}, Dropout{P: 0.2}, Linear{Out: 3, Bias: true}}

func waveImages(n int) data.Set {
	s := data.Set{Name: "waves", Shape: []int{2, 4, 4}, Classes: 3}
	var values []float32
	for i := range n * 32 {
		values = append(values, float32(math.Sin(float64(i*i))))
	}
	for i := range n {
		s.Labels = append(s.Labels, int32(i%3))
	}
	s.X = data.ValuesOf(values)
	return s
}

// maskedProblem is the training view of the network and functions of it at any θ.
type maskedProblem struct {
	*objective.Objective
	t    *testing.T
	into kernels.Buffer
	v    kernels.Buffer
}

func newMasked(t *testing.T, chunk int) *maskedProblem {
	f := random(t, kernels.Float64, chunk, waveImages(7), masked...)
	setStep(t, f, 2, 11)
	p := &maskedProblem{Objective: f.Training(), t: t}
	for _, b := range []*kernels.Buffer{&p.into, &p.v} {
		var err error
		if *b, err = f.NewVector(); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *maskedProblem) read(err error) []float64 {
	p.t.Helper()
	x := make([]float64, p.NumParams())
	if err == nil {
		err = p.into.Read(x)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return x
}

func (p *maskedProblem) gradient(examples ...int) []float64 {
	p.t.Helper()
	return p.read(p.Gradient(examples, p.into))
}

func (p *maskedProblem) hvp(v []float64, examples ...int) []float64 {
	p.t.Helper()
	if err := p.v.Write(v); err != nil {
		p.t.Fatal(err)
	}
	return p.read(p.HVP(examples, p.v, p.into))
}

// The option dropout of presets changes nothing in evaluation, and every step in training.
func TestDropoutOfPresets(t *testing.T) {
	images, text := waveImages(4), constants(4, 6)
	text.Classes, text.Labels, text.Positions, text.Tokens = 5, make([]int32, 24), 6, 5
	for spec, set := range map[string]data.Set{"mlp:8": images, "cnn": images, "vit:2,2,2,8": images, "gpt:2,2,8": text} {
		m, err := Parse(spec+",dropout=0.3", set.Shape, set.Classes, CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := Parse(spec, set.Shape, set.Classes, CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		var f [2]*objective.Objective
		for i, m := range []*Model{m, plain} {
			if f[i], err = objective.New(devicetest.Open(2), m, &data.Split{Train: set}, objective.Options{DType: kernels.Float64, Seed: 5}); err != nil {
				t.Fatal(err)
			}
			defer f[i].Close()
		}
		want := outputs(t, f[1], 0, 1, 2, 3)
		if got := outputs(t, f[0], 0, 1, 2, 3); !slices.Equal(got, want) {
			t.Errorf("%s: dropout changes the evaluation", spec)
		}
		first := outputs(t, f[0].Training(), 0, 1, 2, 3)
		setStep(t, f[0], 1, 1)
		if second := outputs(t, f[0].Training(), 0, 1, 2, 3); slices.Equal(first, want) || slices.Equal(second, first) {
			t.Errorf("%s: training without masks, or with the same in two steps", spec)
		}
	}
	for _, spec := range []string{"mlp:8,dropout=1.5", "mlp:8,dropout=x", "linear,dropout=0.1", "resnet20,dropout=0.1"} {
		if _, err := Parse(spec, images.Shape, 3, CrossEntropy{}); err == nil {
			t.Errorf("%s was accepted", spec)
		}
	}
}

// tr Σ and ∂tr Σ are those of the gradients g_n and Hessians of single masked examples, whatever the chunks:
// tr Σ = Σ_n ‖g_n − ḡ‖²/(N−1), ∂tr Σ = 2 Σ_n H_n (g_n − ḡ)/(N−1).
func TestStatisticsOfMaskedNetwork(t *testing.T) {
	for _, chunk := range []int{3, 100} {
		p := newMasked(t, chunk)
		n := p.Examples(objective.Train)
		mean := p.gradient(p.All(objective.Train)...)
		trace, slope := 0.0, make([]float64, len(mean))
		for i := range n {
			rest := p.gradient(i)
			for k := range rest {
				rest[k] -= mean[k]
				trace += rest[k] * rest[k] / float64(n-1)
			}
			for k, h := range p.hvp(rest, i) {
				slope[k] += 2 * h / float64(n-1)
			}
		}
		got, err := p.TraceGradient(p.All(objective.Train), p.v, p.into)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "tr Σ", []float64{got}, []float64{trace}, 1e-10)
		near(t, "∂tr Σ", p.read(nil), slope, 1e-10)
	}
}

// Under masks that stay, the gradient is the central difference of the loss and the Hessian product that of the gradient.
func TestDerivativesOfMaskedNetwork(t *testing.T) {
	p := newMasked(t, 4)
	theta, v := make([]float64, p.NumParams()), waves(math.Cos, p.NumParams())
	if err := p.Parameters().Read(theta); err != nil {
		t.Fatal(err)
	}
	all := p.All(objective.Train)
	at := func(h float64) (loss float64, g []float64) {
		moved := slices.Clone(theta)
		for i := range moved {
			moved[i] += h * v[i]
		}
		if err := p.SetValues(moved); err != nil {
			t.Fatal(err)
		}
		value, err := p.Evaluate(all)
		if err != nil {
			t.Fatal(err)
		}
		return value.Loss, p.gradient(all...)
	}
	const h = 1e-5
	up, gUp := at(h)
	down, gDown := at(-h)
	_, g := at(0)
	slope := 0.0
	for i := range g {
		slope += g[i] * v[i]
		gUp[i] = (gUp[i] - gDown[i]) / (2 * h)
	}
	near(t, "gradient·v", []float64{slope}, []float64{(up - down) / (2 * h)}, 1e-7)
	near(t, "Hessian·v", p.hvp(v, all...), gUp, 1e-7)
}

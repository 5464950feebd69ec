package optim

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim/checkpoint"
)

// twoLayers is the tensors of a network of a matrix [3,4], a bias [3] and a matrix [2,3].
var twoLayers = []objective.Param{
	{Name: "0.weight", Shape: []int{3, 4}, Offset: 0, Len: 12},
	{Name: "0.bias", Shape: []int{3}, Offset: 12, Len: 3},
	{Name: "1.weight", Shape: []int{2, 3}, Offset: 15, Len: 6},
}

const sizeOfTwoLayers = 21

// layerClip is a clip of each tensor's part of the direction by its own norm.
type layerClip struct{ norm float64 }

func (c layerClip) Apply(u *Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	for k, p := range parts {
		parts[k] = Clip{c.norm}.Apply(u, p)
	}
	return u.Whole(parts)
}

// muon is momentum whose matrices are orthogonalized by Newton–Schulz iterations (Jordan et al. 2024); other tensors follow the momentum.
type muon struct{ mu float64 }

// The coefficients of X ← aX + (bA + cA²)X, A = XXᵀ, of the published iteration.
const muonA, muonB, muonC, muonIterations = 3.4445, -4.7750, 2.0315, 5

func (m muon) Apply(u *Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	for k, p := range u.Params {
		v := u.State("momentum of "+p.Name, p.Shape...)
		next := graph.Add(graph.Scale(v, m.mu), parts[k])
		u.Set(v, next)
		if parts[k] = next; len(p.Shape) == 2 {
			parts[k] = orthogonalized(next)
		}
	}
	return u.Whole(parts)
}

func orthogonalized(x *graph.Node) *graph.Node {
	norm := graph.Sqrt(graph.SumAll(graph.Square(x)))
	x = graph.Div(x, graph.BroadcastScalar(norm, x.Shape()...))
	for range muonIterations {
		a := graph.MatMulT(x, x, false, true)
		b := graph.Add(graph.Scale(a, muonB), graph.Scale(graph.MatMul(a, a), muonC))
		x = graph.Add(graph.Scale(x, muonA), graph.MatMul(b, x))
	}
	return x
}

// orthogonal is orthogonalized in plain numbers, for a matrix of r rows.
func orthogonal(x []float64, r int) []float64 {
	c := len(x) / r
	x = clipped(1, plus(make([]float64, len(x)), 1e9, x)) // of norm 1
	times := func(a, b []float64, rows, inner, columns int) []float64 {
		out := make([]float64, rows*columns)
		for i := range out {
			for k := range inner {
				out[i] += a[i/columns*inner+k] * b[k*columns+i%columns]
			}
		}
		return out
	}
	for range muonIterations {
		transposed := make([]float64, len(x))
		for i := range x {
			transposed[i%c*r+i/c] = x[i]
		}
		a := times(x, transposed, r, c, r)
		b := plus(times(plus(make([]float64, len(a)), muonC, a), a, r, r, r), muonB, a)
		x = plus(times(b, x, r, r, c), muonA, x)
	}
	return x
}

// byLayer are transformations that treat every tensor by itself, and the same in plain numbers.
var byLayer = map[string]struct {
	transform Transform
	reference func(v, d []float64) []float64
}{
	"clip": {layerClip{0.7}, func(_, d []float64) []float64 {
		out := slices.Clone(d)
		for _, p := range twoLayers {
			copy(out[p.Offset:], clipped(0.7, d[p.Offset:p.Offset+p.Len]))
		}
		return out
	}},
	"muon": {muon{0.8}, func(v, d []float64) []float64 {
		out := slices.Clone(heavyBall(0.8, v, d))
		for _, p := range twoLayers {
			if len(p.Shape) == 2 {
				copy(out[p.Offset:], orthogonal(v[p.Offset:p.Offset+p.Len], p.Shape[0]))
			}
		}
		return out
	}},
}

// The tolerances are some roundings of numbers near 1 for each of ten steps, which Newton–Schulz enlarges by its factor 3.4⁵ at most.
func TestTransformationsByLayer(t *testing.T) {
	for name, c := range byLayer {
		for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-12, kernels.Float32: 2e-4} {
			r := rand.New(rand.NewPCG(7, 1))
			theta, v := normal(r, sizeOfTwoLayers), make([]float64, sizeOfTwoLayers)
			b := newBenchOf(t, twoLayers, c.transform, dtype, theta)
			for step := range 10 {
				d := normal(r, sizeOfTwoLayers)
				got := b.step(t, 0.1, d)
				theta = plus(theta, -0.1, c.reference(v, d))
				for i := range got {
					if !(math.Abs(got[i]-theta[i]) <= tolerance) {
						t.Fatalf("%s, %v, step %d: θ[%d] = %v, want %v", name, dtype, step, i, got[i], theta[i])
					}
				}
			}
		}
	}
}

// A tensor of state is in the checkpoint under its name, and what it holds goes on.
func TestStatesByLayerResumeWithTheSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	start, first, second := normal(r, sizeOfTwoLayers), normal(r, sizeOfTwoLayers), normal(r, sizeOfTwoLayers)
	whole := newBenchOf(t, twoLayers, muon{0.8}, kernels.Float32, start)
	middle, saved := whole.step(t, 0.1, first), checkpoint.Vectors{}
	if err := saved.Save(whole.update.State); err != nil {
		t.Fatal(err)
	}
	if v, ok := saved["momentum of 1.weight"].([]float32); !ok || len(v) != 6 {
		t.Errorf("the state of 1.weight is %T", saved["momentum of 1.weight"])
	}
	resumed := newBenchOf(t, twoLayers, muon{0.8}, kernels.Float32, middle)
	if err := saved.Restore(resumed.update.State); err != nil {
		t.Fatal(err)
	}
	if want, got := whole.step(t, 0.1, second), resumed.step(t, 0.1, second); !slices.Equal(got, want) {
		t.Errorf("after resuming %v, in one go %v", got, want)
	}
}

// The learning rate is there for transformations: dividing by it makes steps of its size whatever it is.
type withoutRate struct{}

func (withoutRate) Apply(u *Symbols, d *graph.Node) *graph.Node {
	return graph.Div(d, graph.BroadcastScalar(u.Rate, d.Shape()...))
}

func TestTransformationsSeeTheRate(t *testing.T) {
	b := newBench(t, withoutRate{}, kernels.Float64, []float64{1, 2})
	if got := b.step(t, 0.25, []float64{3, -1}); got[0] != -2 || got[1] != 3 {
		t.Errorf("θ = %v, want [-2 3]", got)
	}
}

type wholeOf struct{ parts int }

func (w wholeOf) Apply(u *Symbols, d *graph.Node) *graph.Node { return u.Whole(u.Parts(d)[:w.parts]) }

type swapped struct{}

func (swapped) Apply(u *Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	slices.Reverse(parts)
	return u.Whole(parts)
}

func TestPartsThatDoNotFitAreRefused(t *testing.T) {
	for what, transform := range map[string]Transform{"2 parts": wholeOf{2}, "shape": swapped{}, "momentum": Chain{Momentum{0.5}, Momentum{0.5}}} {
		b := newBench(t, Chain{}, kernels.Float64, make([]float64, sizeOfTwoLayers))
		_, err := NewUpdate(b.dev, transform, twoLayers, b.theta, b.gradient)
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want an error about %s", err, what)
		}
	}
}

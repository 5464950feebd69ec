package optim_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
)

// published is testdata/published.json, which testdata/published.py made: θ after step 1 and every fifth of 50.
type published struct {
	Shapes    [][]int     `json:"shapes"`
	AdamW     [][]float64 `json:"adamw"`
	Adafactor [][]float64 `json:"adafactor"`
	SAM       [][]float64 `json:"sam"`
	Penalty   [][]float64 `json:"gradient_penalty"`
	Muon      [][]float64 `json:"muon"`
	Shampoo   [][]float64 `json:"shampoo"`
}

const publishedSteps = 50

// waves is a model without a network: the loss of example t is Σ_i [θ_i²/4 + θ_i x_ti + cos(θ_i θ_{i+1})], i + 1 modulo the number P of
// parameters.
type waves struct{ params []objective.Param }

func newWaves(shapes [][]int) (w waves, size int) {
	for k, shape := range shapes {
		n := 1
		for _, d := range shape {
			n *= d
		}
		w.params = append(w.params, objective.Param{Name: string(rune('a' + k)), Shape: shape, Offset: size, Len: n})
		size += n
	}
	return w, size
}

func (w waves) size() int {
	last := w.params[len(w.params)-1]
	return last.Offset + last.Len
}

func (w waves) Params() []objective.Param { return w.params }
func (w waves) Inputs() []objective.Input {
	return []objective.Input{{Name: "x", Shape: []int{w.size()}}}
}
func (w waves) Target() objective.Input { return objective.Input{Name: "y", Shape: []int{1}} }

func (w waves) Build(n objective.Net) *graph.Node {
	flat := make([]*graph.Node, len(n.Params))
	for k, p := range n.Params {
		flat[k] = graph.Reshape(p, graph.Size(p))
	}
	x, size := n.Inputs[0], w.size()
	theta := graph.Concat(0, flat...)
	next := graph.Concat(0, graph.SliceAxis(theta, 0, 1, size), graph.SliceAxis(theta, 0, 0, 1))
	own := graph.Add(graph.Scale(graph.Square(theta), 0.25), graph.Cos(graph.Mul(theta, next)))
	examples := x.Shape()[0]
	return graph.Add(graph.Broadcast(own, 0, examples), graph.Mul(x, graph.Broadcast(theta, 0, examples)))
}

func (w waves) Losses(outputs, _ *graph.Node) *graph.Node { return graph.Sum(outputs, 1) }

// waving is the objective whose example t is that of step t.
func waving(t *testing.T, shapes [][]int) *objective.Objective {
	t.Helper()
	model, size := newWaves(shapes)
	x := make([]float64, publishedSteps*size)
	for i := range x {
		x[i] = math.Sin(0.7*float64(i%size) + 1.3*float64(i/size))
	}
	split := &data.Split{Train: data.Set{Name: "waves", Shape: []int{size}, Outputs: 1, X: data.ValuesOf(x), Y: make([]float64, publishedSteps)}}
	dev := devicetest.Open(1)
	f, err := objective.New(dev, model, split, objective.Options{DType: kernels.Float64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); dev.Close() })
	theta := make([]float64, size)
	for i := range theta {
		theta[i] = math.Sin(float64(i) + 1)
	}
	if err := f.Parameters().Write(theta); err != nil {
		t.Fatal(err)
	}
	return f
}

// The first 50 steps are PyTorch's, or those of the papers' formulas. Rounding grows along a path by some powers of ten at most: 1e-6 is far
// above it, and far below what any difference in a rule makes.
func TestFirstStepsAreThePublishedOnes(t *testing.T) {
	text, err := os.ReadFile("testdata/published.json")
	if err != nil {
		t.Fatal(err)
	}
	var want published
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	adamw, adafactor, sam, muon, shampoo := optim.DefaultAdamW, optim.DefaultAdafactor, optim.DefaultSAM, optim.DefaultMuon, optim.DefaultShampoo
	adamw.LearningRate, adamw.WeightDecay = 0.05, 0.1
	adafactor.LearningRate, adafactor.WeightDecay = 0.05, 0.1
	sam.LearningRate, sam.Momentum, sam.Rho = 0.05, 0.9, 0.1
	penalty := optim.DefaultGradientPenalty
	penalty.LearningRate, penalty.Momentum, penalty.Lambda = 0.05, 0.9, 0.05
	muon.WeightDecay = 0.1
	shampoo.LearningRate, shampoo.Refresh, shampoo.MaxSize = 0.1, 1, 3
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		rate float64
		want [][]float64
	}{{"adamw", adamw, 0.05, want.AdamW}, {"adafactor", adafactor, 0.05, want.Adafactor}, {"sam", sam, 0.05, want.SAM}, {"muon", muon, 0.02, want.Muon},
		{"gradient-penalty", penalty, 0.05, want.Penalty}, {"shampoo", shampoo, 0.1, want.Shampoo}} {
		t.Run(c.name, func(t *testing.T) { followsPublished(t, waving(t, want.Shapes), c.o, c.rate, c.want) })
	}
}

func followsPublished(t *testing.T, f *objective.Objective, o optim.Optimizer, rate float64, want [][]float64) {
	t.Helper()
	d, err := o.Direction(optim.Context{Objective: f, Seed: 1, Batch: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	compareSteps(t, f, d, o.Transform(), rate, want, func(step int) []int { return []int{step} })
}

// compareSteps takes the steps of a direction over batches, and compares θ after step 1 and every fifth.
func compareSteps(t *testing.T, f *objective.Objective, d optim.Direction, transform optim.Transform, rate float64, want [][]float64, batch func(step int) []int) {
	t.Helper()
	u, err := optim.NewUpdate(f.Device(), transform, f.Model.Params(), f.Parameters(), d.Vector())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	row, theta := 0, make([]float64, f.NumParams())
	for step := range publishedSteps {
		if _, err := d.Compute(batch(step), rate); err != nil {
			t.Fatal(err)
		}
		if err := u.Step(rate); err != nil {
			t.Fatal(err)
		}
		if step != 0 && (step+1)%5 != 0 {
			continue
		}
		if err := f.Parameters().Read(theta); err != nil {
			t.Fatal(err)
		}
		if row == len(want) {
			t.Fatalf("%d rows", row)
		}
		for i, x := range theta {
			if !(math.Abs(x-want[row][i]) <= 1e-6) {
				t.Fatalf("step %d: θ[%d] = %v, want %v", step+1, i, x, want[row][i])
			}
		}
		row++
	}
	if row != len(want) {
		t.Errorf("%d rows of %d", row, len(want))
	}
}

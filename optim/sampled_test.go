package optim_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"drift/data"
	"drift/data/random"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
)

// The optimizers that draw labels are followed on this network and all of its examples, more than any layer has inputs: with fewer, eigenvectors of
// EKFAC would be arbitrary.
const (
	sampledNetwork  = `{"input": [1,4,4], "loss": "cross_entropy", "layers": [{"conv2d": {"out": 2, "kernel": 3, "stride": 2, "padding": 1}}, "tanh", "flatten", {"linear": {"out": 5}}, "tanh", {"linear": {"out": 3}}]}`
	sampledExamples = 12
	sampledBatch    = 12
	sampledSeed     = 1
)

// sampled is testdata/sampled.json: random numbers that this test writes with -update, and what testdata/sampled.py made with them, θ after
// step 1 and every fifth of 50.
type sampled struct {
	Uniforms [][]float64            `json:"uniforms"` // by step and example, which draw labels
	Normals  [][]float64            `json:"normals"`  // by step, of Hutchinson's estimate; empty where there is none
	Rows     map[string][][]float64 `json:"rows"`
}

// drawn is the random numbers of the steps, made here from the generator alone.
func drawn(params int) (s sampled) {
	for step := range publishedSteps {
		key := random.New(sampledSeed, "labels").At(uint64(step)).Uint64()
		var row, normals []float64
		for i := range sampledBatch {
			example := uint32((step*sampledBatch + i) % sampledExamples)
			word := kernels.Philox([4]uint32{0, example, 0, 0}, [2]uint32{uint32(key), uint32(key >> 32)})[0]
			row = append(row, float64(kernels.UniformOf(word)))
		}
		if step%5 == 0 {
			r := random.New(sampledSeed, "sophia").At(uint64(step))
			for range params {
				normals = append(normals, r.NormFloat64())
			}
		}
		s.Uniforms, s.Normals = append(s.Uniforms, row), append(s.Normals, normals)
	}
	return s
}

func sampledObjective(t *testing.T, chunk int) *objective.Objective {
	t.Helper()
	x, labels := make([]float64, sampledExamples*16), make([]int32, sampledExamples)
	for i := range x {
		x[i] = math.Sin(0.7*float64(i%16) + 1.3*float64(i/16))
	}
	for i := range labels {
		labels[i] = int32(i % 3)
	}
	model, err := nn.Parse(sampledNetwork, []int{1, 4, 4}, 3, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	split := &data.Split{Train: data.Set{Name: "waves", Shape: []int{1, 4, 4}, Classes: 3, X: data.ValuesOf(x), Labels: labels}}
	dev := devicetest.Open(1)
	f, err := objective.New(dev, model, split, objective.Options{DType: kernels.Float64, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); dev.Close() })
	theta := make([]float64, f.NumParams())
	for i := range theta {
		theta[i] = 0.4 * math.Sin(float64(i)+1)
	}
	if err := f.Parameters().Write(theta); err != nil {
		t.Fatal(err)
	}
	return f
}

// The labels that steps draw follow from seed, step and example alone, so that PyTorch can be given the same, and the first 50 steps are those
// of the papers' formulas there, in chunks too. Rounding grows along a path by some powers of ten at most.
func TestFirstStepsAtDrawnLabelsAreThePublishedOnes(t *testing.T) {
	const path = "testdata/sampled.json"
	now := drawn(sampledObjective(t, 12).NumParams())
	if flag.Lookup("update").Value.String() == "true" {
		text, err := json.Marshal(now)
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Skip("the random numbers are written: run testdata/sampled.py")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want sampled
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for step, row := range now.Uniforms {
		for i, u := range row {
			if u != want.Uniforms[step][i] {
				t.Fatalf("step %d, example %d: drew %v, want %v", step, i, u, want.Uniforms[step][i])
			}
		}
	}
	penalty, sophia, kfac, ekfac := optim.DefaultFisherPenalty, optim.DefaultSophia, optim.DefaultKFAC, optim.DefaultEKFAC
	penalty.Momentum, penalty.Lambda = 0.9, 0.05
	sophia.Refresh, sophia.WeightDecay = 5, 0.1
	hutchinson := sophia
	hutchinson.Diagonal = "hutchinson"
	kfac.Refresh, kfac.Momentum = 5, 0.5
	ekfac.Factors = kfac.Factors
	narrow := kfac // without factors for the convolution, whose windows have 9 numbers
	narrow.MaxSize = 8
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		rate float64
	}{{"fisher-penalty", penalty, 0.05}, {"sophia-g", sophia, 0.01}, {"sophia-h", hutchinson, 0.01}, {"kfac", kfac, 0.02}, {"kfac-narrow", narrow, 0.02}, {"ekfac", ekfac, 0.02}} {
		for _, chunk := range []int{12, 5} {
			t.Run(c.name, func(t *testing.T) { followsSampled(t, sampledObjective(t, chunk), c.o, c.rate, want.Rows[c.name]) })
		}
	}
}

func followsSampled(t *testing.T, f *objective.Objective, o optim.Optimizer, rate float64, want [][]float64) {
	t.Helper()
	d, err := o.Direction(optim.Context{Objective: f, Seed: sampledSeed, Batch: sampledBatch})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	compareSteps(t, f, d, o.Transform(), rate, want, func(step int) (batch []int) {
		for i := range sampledBatch {
			batch = append(batch, (step*sampledBatch+i)%sampledExamples)
		}
		return batch
	})
}

package optim

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"testing"

	"drift/data"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/kernels"
	"drift/optim/optimtest"
)

var update = flag.Bool("update", false, "write the trajectories found to testdata")

// golden is a way to train: batches of a size and a direction, followed with momentum.
type golden struct {
	batch int
	build func(f *objective.Objective) (Direction, error)
}

func constant(lambda float64) func(float64) float64 { return func(float64) float64 { return lambda } }

func blocksOf(centred, difference bool) func(*objective.Objective) (Direction, error) {
	return func(f *objective.Objective) (Direction, error) {
		return NewBlocks(f, constant(0.05), 12, centred, difference, 5)
	}
}

func noiseOf(kind string) func(*objective.Objective) (Direction, error) {
	return func(f *objective.Objective) (Direction, error) { return NewNoise(f, kind, 12, 5) }
}

func solvedBy(adaptive bool, inverse func(*objective.Objective) (sigma.Inverse, error)) func(*objective.Objective) (Direction, error) {
	return func(f *objective.Objective) (Direction, error) {
		i, err := inverse(f)
		if err != nil {
			return nil, err
		}
		return NewPreconditioned(f, 40, i, sigma.Damping{Value: 10, Relative: true}, adaptive)
	}
}

var goldens = map[string]golden{
	"sgd":               {40, func(f *objective.Objective) (Direction, error) { return NewGradient(Context{Objective: f, Batch: 40}) }},
	"gd":                {60, func(f *objective.Objective) (Direction, error) { return NewGradient(Context{Objective: f, Batch: 60}) }},
	"gd-reg":            {60, func(f *objective.Objective) (Direction, error) { return NewRegularized(f, 60, constant(0.05)) }},
	"gd-reg blocks":     {60, blocksOf(false, false)},
	"gd-reg difference": {60, blocksOf(true, true)},
	"noise isotropic":   {60, noiseOf("isotropic")},
	"noise sigma":       {60, noiseOf("sigma")},
	"gram":              {40, solvedBy(false, func(f *objective.Objective) (sigma.Inverse, error) { return sigma.NewGramInverse(f) })},
	"gram adaptive":     {40, solvedBy(true, func(f *objective.Objective) (sigma.Inverse, error) { return sigma.NewGramInverse(f) })},
	"low rank": {40, solvedBy(false, func(f *objective.Objective) (sigma.Inverse, error) {
		return sigma.NewLowRankInverse(f, sigma.LowRank{Rank: 3, Refresh: 4, Window: 16, Average: 0.5, Seed: 5})
	})},
	"diagonal":  {40, solvedBy(false, func(f *objective.Objective) (sigma.Inverse, error) { return sigma.NewDiagonalInverse(f, 0.9) })},
	"kronecker": {40, solvedBy(false, func(f *objective.Objective) (sigma.Inverse, error) { return sigma.NewKroneckerInverse(f, 0.9, 4) })},
}

// trajectory is θ after 20 steps, minus where it began, as numbers that tell any two such vectors apart: its norm and products with
// fixed vectors.
func trajectory(t *testing.T, g golden, dtype kernels.DType, chunk int) []float64 {
	t.Helper()
	f := optimtest.InChunks(t, dtype, 1, chunk)
	start := optimtest.Read(t, f.Parameters())
	d, err := g.build(f)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	u, err := NewUpdate(f.Device(), Momentum{0.5}, f.Model.Params(), f.Parameters(), d.Vector())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	s, err := data.NewSampler(data.Shuffle, 60, g.batch, 11)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := d.Compute(s.Next(), 0.05); err != nil {
			t.Fatal(err)
		}
		if err := u.Step(0.05); err != nil {
			t.Fatal(err)
		}
	}
	out := make([]float64, 4)
	for i, x := range optimtest.Read(t, f.Parameters()) {
		x -= start[i]
		out[0] += x * x
		for k := 1; k < len(out); k++ {
			out[k] += x * math.Cos(float64(k*i))
		}
	}
	out[0] = math.Sqrt(out[0])
	return out
}

// Every direction gives the trajectory that it gave before. Kernels for other processors round differently, and twenty steps amplify
// that: the tolerance covers it, and is far below what a change of the arithmetic would cause.
func TestTrajectories(t *testing.T) {
	const path = "testdata/trajectories.json"
	want, got := map[string][]float64{}, map[string][]float64{}
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
	}
	for name, g := range goldens {
		for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-9, kernels.Float32: 2e-3} {
			for _, chunk := range []int{25, 64} {
				key := fmt.Sprintf("%s, %v, chunk %d", name, dtype, chunk)
				got[key] = trajectory(t, g, dtype, chunk)
				t.Logf("%s: %v", key, got[key])
				if !*update {
					near(t, key, got[key], want[key], tolerance)
				}
			}
		}
	}
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Directions that work on the device alone allocate nothing once they have seen their batches, in one chunk and in several.
func TestDirectionsAllocateNothing(t *testing.T) {
	for _, name := range []string{"sgd", "gd", "gd-reg", "gd-reg blocks", "gd-reg difference"} {
		for _, chunk := range []int{25, 64} {
			f := optimtest.InChunks(t, kernels.Float32, 1, chunk)
			d, err := goldens[name].build(f)
			if err != nil {
				t.Fatal(err)
			}
			batch := f.All(objective.Train)[:goldens[name].batch]
			step := func() {
				if _, err := d.Compute(batch, 0.1); err != nil {
					t.Error(err)
				}
			}
			step()
			if n := testing.AllocsPerRun(10, step); n != 0 {
				t.Errorf("%s in chunks of %d: %v allocations a step", name, chunk, n)
			}
			d.Close()
		}
	}
}

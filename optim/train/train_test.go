package train

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
	"drift/optim/optimtest"
	"drift/optim/rundir"
)

// runs has one setting for every optimizer and feature of a run; 60 examples make batches of 16 that do not divide them.
var runs = map[string]optim.Settings{
	"sgd":         {Optimizer: "sgd", Rate: 0.1, Batch: 16, Steps: 30},
	"nesterov":    {Optimizer: "sgd", Rate: 0.05, Batch: 16, Steps: 30, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-3, Schedule: "cosine", Warmup: 3},
	"replacement": {Optimizer: "sgd", Rate: 0.1, Batch: 16, Steps: 30, Sampling: "replacement", Clip: 1},
	"gd":          {Optimizer: "gd", Rate: 0.1, Steps: 30, Momentum: 0.5, Schedule: "step"},
	"gd-reg":      {Optimizer: "gd-reg", Rate: 0.1, Steps: 30, EmulateBatch: 16},
	"lambda":      {Optimizer: "gd-reg", Rate: 0.1, Steps: 30, Lambda: 0.003, Momentum: 0.9},
	"blocks":      {Optimizer: "gd-reg", Rate: 0.1, Steps: 30, EmulateBatch: 15, Penalty: "blocks"},
	"difference":  {Optimizer: "gd-reg", Rate: 0.1, Steps: 30, EmulateBatch: 15, Estimator: "difference"},
	"gram":        {Optimizer: "sigma-inverse", Rate: 0.1, Steps: 30},
	"adaptive":    {Optimizer: "sigma-inverse", Rate: 0.02, Batch: 16, Steps: 30, Damping: 0.1, DampingAdaptive: true, Momentum: 0.5, Clip: 10, WeightDecay: 1e-3},
	"lowrank":     {Optimizer: "sigma-inverse", Rate: 0.02, Batch: 16, Steps: 30, Method: "lowrank", Rank: 4, Refresh: 5, Damping: 2, DampingRelative: true},
	"diagonal":    {Optimizer: "sigma-inverse", Rate: 0.1, Batch: 16, Steps: 30, Method: "diagonal", Average: 0.9, Damping: 0.1},
	"kronecker":   {Optimizer: "sigma-inverse", Rate: 0.1, Batch: 16, Steps: 30, Method: "kronecker", Refresh: 1, Damping: 0.1},
	"measured":    {Optimizer: "sgd", Rate: 0.1, Batch: 16, Steps: 30, Momentum: 0.5, Every: 4},
	"isotropic":   {Optimizer: "gd-noise", Rate: 0.1, Steps: 30, EmulateBatch: 16},
	"noise":       {Optimizer: "gd-noise", Rate: 0.1, Steps: 30, EmulateBatch: 16, Noise: "sigma"},
}

func newTrainer(t testing.TB, s optim.Settings, dtype kernels.DType) *Trainer {
	t.Helper()
	trainer, err := New(optimtest.Objective(t, dtype, 2), s, 7)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

func theta(t testing.TB, trainer *Trainer) []float64 {
	t.Helper()
	x := make([]float64, trainer.Objective.Parameters().Len())
	if err := trainer.Objective.Parameters().Read(x); err != nil {
		t.Fatal(err)
	}
	return x
}

func train(t testing.TB, trainer *Trainer, l Logging) Result {
	t.Helper()
	r, err := trainer.Run(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryOptimizerDescends(t *testing.T) {
	for name, s := range runs {
		trainer := newTrainer(t, s, kernels.Float32)
		before, err := evaluate(trainer.Objective, objective.Train)
		if err != nil {
			t.Fatal(err)
		}
		r := train(t, trainer, Logging{})
		if r.Train.Loss > 0.85*before.Loss || r.Steps != s.Steps || r.Test == nil || r.ExampleGradients <= 0 {
			t.Errorf("%s: loss %v before, result %+v", name, before.Loss, r)
		}
	}
}

// Float32 and float64 runs part slowly: thirty steps amplify roundings of 1e-7 by far less than a thousand. (Bases of Kronecker factors that
// outlive their batch would not: directions that it lacks are turned anyhow.)
func TestRunsAgreeAcrossTypes(t *testing.T) {
	for name, s := range runs {
		single, double := newTrainer(t, s, kernels.Float32), newTrainer(t, s, kernels.Float64)
		a, b := train(t, single, Logging{}), train(t, double, Logging{})
		if math.Abs(a.Train.Loss-b.Train.Loss) > 1e-4 {
			t.Errorf("%s: loss %v in float32, %v in float64", name, a.Train.Loss, b.Train.Loss)
		}
	}
}

// Chunks change nothing but the order of sums.
func TestRunsAgreeAcrossChunks(t *testing.T) {
	for name, s := range runs {
		var losses []float64
		for _, chunk := range []int{9, 100} {
			trainer, err := New(optimtest.InChunks(t, kernels.Float64, 2, chunk), s, 7)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, train(t, trainer, Logging{}).Train.Loss)
			trainer.Close()
		}
		if math.Abs(losses[0]-losses[1]) > 1e-9*losses[1] {
			t.Errorf("%s: loss %v in chunks of 9, %v in one", name, losses[0], losses[1])
		}
	}
}

func readMetrics(t testing.TB, path string) (steps []int, lines []map[string]any) {
	t.Helper()
	file, err := os.Open(filepath.Join(path, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for scan := bufio.NewScanner(file); scan.Scan(); {
		line := map[string]any{}
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "seconds")
		steps, lines = append(steps, int(line["step"].(float64))), append(lines, line)
	}
	return steps, lines
}

func TestLogHoldsWhatItPromises(t *testing.T) {
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	train(t, newTrainer(t, runs["gd-reg"], kernels.Float64), Logging{Dir: dir, LogEvery: 4, EvalEvery: 10})
	steps, lines := readMetrics(t, path)
	if want := []int{4, 8, 10, 12, 16, 20, 24, 28, 30}; len(steps) != len(want) || steps[2] != 10 {
		t.Fatalf("logged steps %v, want %v", steps, want)
	}
	for i, line := range lines {
		keys := "step epoch loss accuracy grad_norm2 lr tr_sigma lambda"
		if steps[i]%10 == 0 {
			keys += " test_loss test_accuracy"
		}
		if steps[i] == 30 {
			keys += " train_loss"
		}
		for _, key := range strings.Fields(keys) {
			if x, ok := line[key].(float64); !ok || x < 0 {
				t.Errorf("step %d: %s is %v", steps[i], key, line[key])
			}
		}
		if want := len(strings.Fields(keys)); len(line) != want {
			t.Errorf("step %d has %d fields, want %d: %v", steps[i], len(line), want, line)
		}
	}
}

func TestRunStopsWhereTheLossIsNotFinite(t *testing.T) {
	s := optim.Settings{Optimizer: "sgd", Rate: 1e30, Batch: 16, Steps: 1000}
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	trainer := newTrainer(t, s, kernels.Float32)
	_, err = trainer.Run(context.Background(), Logging{Dir: dir, CheckpointEvery: 5})
	if err == nil || !strings.Contains(err.Error(), "not finite") || trainer.StepsTaken() > longest {
		t.Errorf("after step %d: %v", trainer.StepsTaken(), err)
	}
	if _, found, err := dir.Load(new(counters)); found || err != nil {
		t.Errorf("a checkpoint of a loss that is not finite was kept: %v", err)
	}
}

package optim

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/rundir"
)

// runs has one setting for every optimizer and feature of a run; 60 examples make batches of 16 that do not divide them.
var runs = map[string]Settings{
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

func newObjective(t testing.TB, dtype kernels.DType, threads int) *objective.Objective {
	t.Helper()
	return inChunks(t, dtype, threads, 25)
}

func inChunks(t testing.TB, dtype kernels.DType, threads, chunk int) *objective.Objective {
	t.Helper()
	split, model := problem(t, "glyphs,train=60,test=40,size=8", "mlp:12")
	dev := devicetest.Open(threads)
	f, err := begin(dev, model, split, objective.Options{DType: dtype, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); dev.Close() })
	return f
}

// problem is data of classes and a network for them.
func problem(t testing.TB, spec, network string) (*data.Split, *nn.Model) {
	t.Helper()
	split, err := data.Load(spec, data.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.Parse(network, split.Train.Shape, split.Train.Classes, nn.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	return split, model
}

// begin is an objective at its first parameters.
func begin(dev kernels.Device, model *nn.Model, split *data.Split, o objective.Options) (*objective.Objective, error) {
	f, err := objective.New(dev, model, split, o)
	if err != nil {
		return nil, err
	}
	if err := f.Parameters().Write(model.Init(3)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func newTrainer(t testing.TB, s Settings, dtype kernels.DType) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(newObjective(t, dtype, 2), s, 7)
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

func same(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func train(t testing.TB, trainer *Trainer, l Logging) Result {
	t.Helper()
	r, err := Train(context.Background(), trainer, l)
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
			trainer, err := NewTrainer(inChunks(t, kernels.Float64, 2, chunk), s, 7)
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
	s := Settings{Optimizer: "sgd", Rate: 1e30, Batch: 16, Steps: 1000}
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	trainer := newTrainer(t, s, kernels.Float32)
	_, err = Train(context.Background(), trainer, Logging{Dir: dir, CheckpointEvery: 5})
	if err == nil || !strings.Contains(err.Error(), "not finite") || trainer.StepsTaken() > longest {
		t.Errorf("after step %d: %v", trainer.StepsTaken(), err)
	}
	if _, found, err := dir.Load(new(counters)); found || err != nil {
		t.Errorf("a checkpoint of a loss that is not finite was kept: %v", err)
	}
}

func TestSettingsThatCannotBeFollowed(t *testing.T) {
	good := Settings{Optimizer: "sgd", Rate: 0.1, Steps: 10, Batch: 10}
	for name, change := range map[string]func(*Settings){
		"optimizer": func(s *Settings) { s.Optimizer = "adam" },
		"rate":      func(s *Settings) { s.Rate = math.NaN() },
		"momentum":  func(s *Settings) { s.Momentum = 1 },
		"nesterov":  func(s *Settings) { s.Nesterov = true },
		"clip":      func(s *Settings) { s.Clip = -1 },
		"decay":     func(s *Settings) { s.WeightDecay = math.Inf(1) },
		"steps":     func(s *Settings) { s.Steps = 0 },
		"sampling":  func(s *Settings) { s.Sampling = "twice" },
		"batch":     func(s *Settings) { s.Optimizer = "gd" },
		"lambda":    func(s *Settings) { s.Optimizer, s.Batch = "gd-reg", 0 },
		"emulate":   func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch = "gd-reg", 0, 61 },
		"warmup":    func(s *Settings) { s.Warmup = 10 },
		"blocks":    func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Penalty = "gd-reg", 0, 16, "blocks" },
		"no block":  func(s *Settings) { s.Optimizer, s.Batch, s.Lambda, s.Estimator = "gd-reg", 0, 1, "difference" },
		"noise":     func(s *Settings) { s.Optimizer, s.Batch = "gd-noise", 0 },
		"single":    func(s *Settings) { s.Optimizer, s.Batch = "sigma-inverse", 1 },
		"remainder": func(s *Settings) { s.Optimizer, s.Batch = "sigma-inverse", 59 },
		"noises":    func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Noise = "gd-noise", 0, 15, "pink" },
		"penalty":   func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Penalty = "gd-reg", 0, 15, "norm" },
		"estimator": func(s *Settings) { s.Optimizer, s.Batch, s.EmulateBatch, s.Estimator = "gd-reg", 0, 15, "guess" },
		"method":    func(s *Settings) { s.Optimizer, s.Method = "sigma-inverse", "dense" },
		"damping":   func(s *Settings) { s.Optimizer, s.Damping = "sigma-inverse", -1 },
	} {
		s := good
		change(&s)
		if s.Check(60) == nil {
			t.Errorf("%s: %+v was accepted", name, s)
		}
	}
	if err := good.Check(60); err != nil {
		t.Error(err)
	}
}

func read(t testing.TB, b kernels.Buffer) []float64 {
	t.Helper()
	x := make([]float64, b.Len())
	if err := b.Read(x); err != nil {
		t.Fatal(err)
	}
	return x
}

// gd-reg follows ḡ + λ ∂tr Σ, with the theory's λ at the step's learning rate.
func TestRegularizedDirection(t *testing.T) {
	f := newObjective(t, kernels.Float64, 1)
	d, err := regularized(f, Settings{EmulateBatch: 15}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	mean, _ := f.NewVector()
	trace, _ := f.NewVector()
	all := f.All(objective.Train)
	if _, err := f.TraceGradient(all, mean, trace); err != nil {
		t.Fatal(err)
	}
	if err := d.Compute(all, 0.2); err != nil {
		t.Fatal(err)
	}
	want := plus(read(t, mean), 0.2/4*(1./15-1./60), read(t, trace))
	for i, x := range read(t, d.Vector()) {
		if math.Abs(x-want[i]) > 1e-15 {
			t.Fatalf("element %d is %v, want %v", i, x, want[i])
		}
	}
}

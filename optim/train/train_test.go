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

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
	"drift/optim/optimtest"
	"drift/optim/options"
	"drift/optim/rundir"
)

// runs has one run for every optimizer and feature; 60 examples make batches of 16 that do not divide them.
var runs = map[string]run{
	"sgd":         {sgd(0.1, 16), 0},
	"nesterov":    {nesterov(), 0},
	"replacement": {changed(sgd(0.1, 16), "sampling", "replacement", "clip", "1"), 0},
	"gd":          {changed(optim.DefaultGD, "momentum", "0.5", "schedule", "step"), 0},
	"gd-reg":      {changed(optim.DefaultGDReg, "emulate_batch", "16"), 0},
	"lambda":      {changed(optim.DefaultGDReg, "lambda", "0.003", "momentum", "0.9"), 0},
	"blocks":      {changed(optim.DefaultGDReg, "emulate_batch", "15", "penalty", "blocks"), 0},
	"difference":  {changed(optim.DefaultGDReg, "emulate_batch", "15", "estimator", "difference"), 0},
	"sgd-reg":     {changed(optim.DefaultSGDReg, "batch", "32", "emulate_batch", "4", "momentum", "0.5"), 0},
	"gram":        {changed(optim.DefaultSigmaInverse, "batch", "full"), 0},
	"adaptive":    {changed(inverse("gram"), "lr", "0.02", "damping", "0.1", "damping_adaptive", "true", "momentum", "0.5", "clip", "10", "weight_decay", "0.001"), 0},
	"lowrank":     {changed(inverse("lowrank"), "lr", "0.02", "rank", "4", "refresh", "5", "damping", "2", "damping_relative", "true"), 0},
	"diagonal":    {changed(inverse("diagonal"), "average", "0.9", "damping", "0.1"), 0},
	"kronecker":   {changed(inverse("kronecker"), "refresh", "1", "damping", "0.1"), 0},
	"measured":    {changed(sgd(0.1, 16), "momentum", "0.5"), 4},
	"isotropic":   {changed(optim.DefaultGDNoise, "emulate_batch", "16"), 0},
	"noise":       {changed(optim.DefaultGDNoise, "emulate_batch", "16", "noise", "sigma"), 0},
	"sam":         {changed(optim.DefaultSAM, "batch", "16", "rho", "0.1"), 0},
	"adam":        {changed(optim.DefaultAdam, "lr", "0.01", "batch", "16"), 0},
	"nadam":       {changed(optim.DefaultNAdam, "lr", "0.01", "batch", "16"), 0},
	"rmsprop":     {changed(optim.DefaultRMSProp, "lr", "0.003", "batch", "16", "momentum", "0.5"), 0},
	"adagrad":     {changed(optim.DefaultAdagrad, "lr", "0.03", "batch", "16"), 0},
	"lion":        {changed(optim.DefaultLion, "lr", "0.003", "batch", "16", "weight_decay", "0.1"), 0},
	"penalty":     {changed(optim.DefaultGradientPenalty, "batch", "16", "lambda", "0.05", "momentum", "0.5"), 0},
	"fisher":      {changed(optim.DefaultFisherPenalty, "batch", "16", "lambda", "0.05", "momentum", "0.5"), 0},
	"sophia":      {changed(optim.DefaultSophia, "lr", "0.01", "batch", "16", "refresh", "4", "weight_decay", "0.1", "clip", "1"), 0},
	"hutchinson":  {changed(optim.DefaultSophia, "lr", "0.01", "batch", "16", "refresh", "4", "diagonal", "hutchinson", "decay", "matrices", "weight_decay", "0.1"), 0},
	"kfac":        {changed(optim.DefaultKFAC, "lr", "0.05", "batch", "16", "refresh", "4", "momentum", "0.5"), 0},
	"ekfac":       {changed(optim.DefaultEKFAC, "lr", "0.05", "batch", "16", "refresh", "1"), 0},
	"adafactor":   {changed(optim.DefaultAdafactor, "lr", "0.05", "batch", "16"), 0},
	"muon":        {changed(optim.DefaultMuon, "batch", "16", "weight_decay", "0.01"), 0},
	"shampoo":     {changed(optim.DefaultShampoo, "batch", "16", "refresh", "4", "momentum", "0.5"), 0},
	"adamw":       {changed(optim.DefaultAdamW, "lr", "0.01", "batch", "16", "clip", "1"), 0},
	"with":        {optim.With(sgd(0.1, 16), byTensor{}, optim.Nesterov{Mu: 0.5}), 4},
}

// byTensor divides every tensor's part of the direction by its norm's root, and remembers a mean of that by tensor.
type byTensor struct{}

func (byTensor) Apply(u *optim.Symbols, d *graph.Node) *graph.Node {
	parts := u.Parts(d)
	for k, p := range u.Params {
		mean := u.State("mean of "+p.Name, p.Shape...)
		next := graph.Add(graph.Scale(mean, 0.9), graph.Scale(parts[k], 0.1))
		u.Set(mean, next)
		root := graph.Sqrt(graph.Sqrt(graph.SumAll(graph.Square(next))))
		parts[k] = graph.Div(next, graph.BroadcastScalar(root, p.Shape...))
	}
	return u.Whole(parts)
}

// run is an optimizer that takes 30 steps, and the steps between measurements, 0 for none.
type run struct {
	optimizer optim.Optimizer
	every     int
}

// A new optimizer needs one line above, and then all tests over runs cover it.
func TestEveryOptimizerHasARun(t *testing.T) {
	covered := map[string]bool{}
	for _, r := range runs {
		covered[optim.NameOf(r.optimizer)] = true
	}
	for _, name := range optim.Names() {
		if !covered[name] {
			t.Errorf("no run tests %s", name)
		}
	}
}

func (r run) options() Options { return Options{Steps: 30, Seed: 7, MeasureEvery: r.every} }

// changed is an optimizer with other options, given as names and texts in turns.
func changed(o optim.Optimizer, changes ...string) optim.Optimizer {
	for i := 0; i < len(changes); i += 2 {
		var err error
		if o, err = options.Set(o, changes[i], changes[i+1]); err != nil {
			panic(err)
		}
	}
	return o
}

func sgd(rate float64, batch int) optim.Optimizer {
	o := optim.DefaultSGD
	o.LearningRate, o.Batch = rate, batch
	return o
}

func nesterov() optim.Optimizer {
	return changed(sgd(0.05, 16), "momentum", "0.9", "nesterov", "true", "weight_decay", "0.001", "schedule", "cosine", "warmup", "3")
}

func inverse(method string) optim.Optimizer {
	o := optim.DefaultSigmaInverse
	o.Method, o.Batch = method, 16
	return o
}

func newTrainer(t testing.TB, r run, dtype kernels.DType) *Trainer {
	t.Helper()
	trainer, err := New(optimtest.Objective(t, dtype, 2), r.optimizer, r.options())
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
	for name, r := range runs {
		trainer := newTrainer(t, r, kernels.Float32)
		before, err := trainer.Objective.Evaluate(trainer.Objective.All(objective.Train))
		if err != nil {
			t.Fatal(err)
		}
		end := train(t, trainer, Logging{})
		if end.Train.Loss > 0.85*before.Loss || end.Steps != 30 || end.Test == nil || end.ExampleGradients <= 0 {
			t.Errorf("%s: loss %v before, result %+v", name, before.Loss, end)
		}
	}
}

// Float32 and float64 runs part slowly: thirty steps amplify roundings of 1e-7 by far less than a thousand. (Bases of Kronecker factors that
// outlive their batch would part sooner: in directions that the batch lacks they are arbitrary.)
func TestRunsAgreeAcrossTypes(t *testing.T) {
	for name, r := range runs {
		single, double := newTrainer(t, r, kernels.Float32), newTrainer(t, r, kernels.Float64)
		a, b := train(t, single, Logging{}), train(t, double, Logging{})
		if math.Abs(a.Train.Loss-b.Train.Loss) > 1e-4 {
			t.Errorf("%s: loss %v in float32, %v in float64", name, a.Train.Loss, b.Train.Loss)
		}
	}
}

// Chunks change nothing but the order of sums.
func TestRunsAgreeAcrossChunks(t *testing.T) {
	for name, r := range runs {
		var losses []float64
		for _, chunk := range []int{9, 100} {
			trainer, err := New(optimtest.InChunks(t, kernels.Float64, 2, chunk), r.optimizer, r.options())
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
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	trainer := newTrainer(t, run{sgd(1e30, 16), 0}, kernels.Float32)
	trainer.Options.Steps = 1000
	_, err = trainer.Run(context.Background(), Logging{Dir: dir, CheckpointEvery: 5})
	if err == nil || !strings.Contains(err.Error(), "not finite") || trainer.StepsTaken() > longest {
		t.Errorf("after step %d: %v", trainer.StepsTaken(), err)
	}
	if _, found, err := dir.Load(new(counters), nil); found || err != nil {
		t.Errorf("a checkpoint of a loss that is not finite was kept: %v", err)
	}
}

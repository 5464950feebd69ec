package train

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
	"drift/optim/optimtest"
	"drift/optim/rundir"
)

// validated is a run on data with a validation part, with an average of its parameters.
func validated(t *testing.T, dtype kernels.DType, o Options) *Trainer {
	t.Helper()
	split, model := optimtest.Problem(t, "glyphs,train=60,test=40,valid=0.3,size=8,label-noise=0.5", "mlp:12")
	dev := devicetest.Open(2)
	f, err := optimtest.Begin(dev, model, split, objective.Options{DType: dtype, Chunk: 25})
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := New(f, changed(optim.DefaultSGD, "lr", "0.5", "batch", "16", "momentum", "0.9"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { trainer.Close(); f.Close(); dev.Close() })
	return trainer
}

// The average is PyTorch's: the first parameters as they are, then lerp(ā, θ, 1−β). It is evaluated without touching θ, whose steps are
// those of a run without it.
func TestAverageOfParameters(t *testing.T) {
	const beta = 0.9
	trainer, plain := validated(t, kernels.Float64, Options{Steps: 12, Seed: 3, EMA: beta}), validated(t, kernels.Float64, Options{Steps: 12, Seed: 3})
	mean := theta(t, trainer)
	for step := range 12 {
		for _, each := range []*Trainer{trainer, plain} {
			if err := each.Step(); err != nil {
				t.Fatal(err)
			}
		}
		now := theta(t, trainer)
		for i, x := range now {
			if mean[i] += (1 - beta) * (x - mean[i]); step == 0 {
				mean[i] = x
			}
		}
		if got := optimtest.Read(t, trainer.Average()); distance(got, mean) > 1e-14 {
			t.Fatalf("step %d: the average is off by %v", step, distance(got, mean))
		}
	}
	if !optimtest.Same(theta(t, trainer), theta(t, plain)) {
		t.Error("the average changes the run")
	}
	r, err := trainer.values(true)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Objective.Parameters().Write(mean); err != nil {
		t.Fatal(err)
	}
	want, err := Evaluate(plain.Objective, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]objective.Value{{r.EMA.Train, want.Train}, {*r.EMA.Test, *want.Test}, {*r.EMA.Valid, *want.Valid}} {
		if math.Abs(pair[0].Loss-pair[1].Loss) > 1e-12 || pair[0].Accuracy != pair[1].Accuracy {
			t.Errorf("at the average %+v, want %+v", pair[0], pair[1])
		}
	}
	if r.Train == r.EMA.Train {
		t.Error("the average is θ itself")
	}
}

func TestAverageOfARunWithoutSteps(t *testing.T) {
	r := train(t, validated(t, kernels.Float32, Options{EMA: 0.99}), Logging{})
	if r.EMA == nil || r.EMA.Train != r.Train || r.Best != nil {
		t.Errorf("%+v", r)
	}
}

func TestAverageChecksItsWeight(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float32, 1)
	for _, beta := range []float64{-0.1, 1, math.NaN()} {
		if _, err := New(f, optim.DefaultSGD, Options{Steps: 1, EMA: beta}); err == nil {
			t.Errorf("β = %v was accepted", beta)
		}
	}
}

// What is kept are the parameters of the evaluation with the least validation loss, with their step.
func TestBestParameters(t *testing.T) {
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	trainer := validated(t, kernels.Float64, Options{Steps: 60, Seed: 3})
	var improved []int
	r := train(t, trainer, Logging{Dir: dir, EvalEvery: 4, Improved: func(b Best) error {
		improved = append(improved, b.Step)
		return nil
	}})
	steps, lines := readMetrics(t, path)
	least, at, minima := math.Inf(1), 0, []int(nil)
	for i, line := range lines {
		if loss, ok := line["valid_loss"].(float64); ok && loss < least {
			least, at, minima = loss, steps[i], append(minima, steps[i])
		}
	}
	if !slices.Equal(improved, minima) {
		t.Errorf("improved at steps %v, the log has its least losses so far at %v", improved, minima)
	}
	if r.Best == nil || r.Best.Step != at || r.Best.Valid.Loss != least || at == 60 {
		t.Fatalf("kept %+v, the log has its least validation loss %v at step %d", r.Best, least, at)
	}
	if err := trainer.Objective.Parameters().Write(optimtest.Read(t, trainer.Best())); err != nil {
		t.Fatal(err)
	}
	again, err := Evaluate(trainer.Objective, 0, 0)
	if err != nil || *again.Valid != r.Best.Valid || *again.Test != *r.Best.Test {
		t.Errorf("at the kept parameters %+v (%v), want %+v", again, err, r.Best)
	}
}

// Average and best parameters survive an end of the process at any step.
func TestKeptParametersResumeWithTheSameBits(t *testing.T) {
	o := Options{Steps: 40, Seed: 3, EMA: 0.95}
	whole := validated(t, kernels.Float32, o)
	want := train(t, whole, Logging{EvalEvery: 4})
	for _, stop := range []int{1, 17, 40} {
		dir, err := rundir.Create(filepath.Join(t.TempDir(), "run"), "")
		if err != nil {
			t.Fatal(err)
		}
		l := Logging{Dir: dir, EvalEvery: 4}
		stopped := validated(t, kernels.Float32, o)
		for stopped.StepsTaken() < stop {
			if err := stopped.Step(); err != nil {
				t.Fatal(err)
			}
			if _, err := l.log(stopped); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.save(stopped); err != nil {
			t.Fatal(err)
		}
		resumed := validated(t, kernels.Float32, o)
		if err := resumed.Resume(dir); err != nil {
			t.Fatal(err)
		}
		got := train(t, resumed, l)
		dir.Close()
		if *got.EMA.Test != *want.EMA.Test || got.Best.Step != want.Best.Step || got.Best.Valid != want.Best.Valid || *got.Best.Test != *want.Best.Test {
			t.Errorf("stopped at %d: %+v, want %+v", stop, got, want)
		}
		for what, pair := range map[string][2]kernels.Buffer{"average": {resumed.Average(), whole.Average()}, "best": {resumed.Best(), whole.Best()}} {
			if !optimtest.Same(optimtest.Read(t, pair[0]), optimtest.Read(t, pair[1])) {
				t.Errorf("stopped at %d: another %s", stop, what)
			}
		}
	}
}

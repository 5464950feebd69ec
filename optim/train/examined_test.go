package train

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
	"drift/optim/optimtest"
	"drift/optim/rundir"
)

// Only a part that is larger than the wanted number is sampled, and what is drawn is a function of the seed.
func TestWhichExamplesAreEvaluated(t *testing.T) {
	split, err := data.Load("gaussian,dim=1,train=100001,test=100000", data.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.Parse("linear", split.Train.Shape, split.Train.Outputs, nn.MSE{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := optimtest.Begin(devicetest.Open(1), model, split, objective.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct{ wanted, train, test int }{{0, 100001, 100000}, {SampleLarge, 10000, 100000}, {7, 7, 7}, {100000, 100000, 100000}, {200000, 100001, 100000}} {
		e, err := newExamined(f, c.wanted, 1)
		if err != nil {
			t.Fatal(err)
		}
		if e.count(objective.Train) != c.train || e.count(objective.Test) != c.test || e.samples(objective.Train) != (c.train < 100001) || e.samples(objective.Test) != (c.test < 100000) {
			t.Errorf("of at most %d: %d and %d, want %d and %d", c.wanted, e.count(objective.Train), e.count(objective.Test), c.train, c.test)
		}
	}
	draw := func(seed uint64) []int {
		e, err := newExamined(f, 20, seed)
		if err != nil {
			t.Fatal(err)
		}
		return e.drawn[objective.Train]
	}
	if !slices.Equal(draw(1), draw(1)) || slices.Equal(draw(1), draw(2)) {
		t.Error("what is drawn does not follow from the seed")
	}
	for _, wanted := range []int{1, -2} {
		if _, err := New(f, optim.DefaultSGD, Options{Steps: 1, EvalExamples: wanted}); err == nil {
			t.Errorf("a sample of %d was accepted", wanted)
		}
	}
}

// A sampled run takes the steps of one that is not, says how near its figures are, and goes on with the same bits after a stop.
func TestSampledEvaluations(t *testing.T) {
	o := Options{Steps: 30, Seed: 3, EMA: 0.9, EvalExamples: 10}
	keep := func(path string, ctx context.Context, l Logging) (*Trainer, Result, error) {
		dir, err := rundir.Create(path, "")
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		trainer := validated(t, kernels.Float64, o)
		l.Dir, l.EvalEvery = dir, 6
		r, err := trainer.Run(ctx, l)
		return trainer, r, err
	}
	folder := t.TempDir()
	trainer, want, err := keep(filepath.Join(folder, "whole"), context.Background(), Logging{})
	if err != nil {
		t.Fatal(err)
	}
	all := validated(t, kernels.Float64, Options{Steps: 30, Seed: 3, EMA: 0.9})
	train(t, all, Logging{})
	if !optimtest.Same(theta(t, trainer), theta(t, all)) {
		t.Error("evaluating on a sample changes the run")
	}
	for what, v := range map[string]objective.Value{"train": want.Train, "test": *want.Test, "valid": *want.Valid, "average": want.EMA.Train, "best": *want.Best.Test, "best valid": want.Best.Valid} {
		if v.Sample.Examples != 10 || v.Sample.Of <= 10 || !(v.Sample.Loss > 0) {
			t.Errorf("%s: %+v", what, v)
		}
	}
	_, lines := readMetrics(t, filepath.Join(folder, "whole"))
	if last := lines[len(lines)-1]; last["train_loss_se"] != want.Train.Sample.Loss || last["test_accuracy_se"] != want.Test.Sample.Accuracy || last["valid_loss_se"] != want.Valid.Sample.Loss {
		t.Errorf("the log ends with %v, the run with %+v", last, want)
	}
	again, err := Evaluate(trainer.Objective, 10, 3)
	if err != nil || again.Train != want.Train || *again.Test != *want.Test {
		t.Errorf("%+v at the end and %+v afterwards, %v", want.Values, again.Values, err)
	}

	ctx, stop := context.WithCancel(context.Background())
	stopped := Logging{Observe: func(step int, _ *Entry) {
		if step == 20 {
			stop()
		}
	}}
	if _, _, err := keep(filepath.Join(folder, "stopped"), ctx, stopped); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	dir, err := rundir.Resume(filepath.Join(folder, "stopped"))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	resumed := validated(t, kernels.Float64, o)
	if err := resumed.Resume(dir); err != nil {
		t.Fatal(err)
	}
	got := train(t, resumed, Logging{Dir: dir, EvalEvery: 6})
	if got.Train != want.Train || *got.Test != *want.Test || got.Best.Valid != want.Best.Valid || *got.Best.Test != *want.Best.Test || got.Best.Step != want.Best.Step {
		t.Errorf("resumed %+v and %+v, want %+v and %+v", got.Values, got.Best, want.Values, want.Best)
	}
}

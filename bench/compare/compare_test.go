package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"slices"
	"testing"

	"drift/bench/study"
	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
	"drift/optim"
	"drift/optim/options"
	"drift/optim/train"
)

type closer []func()

func (c closer) Close() error {
	for _, f := range c {
		f()
	}
	return nil
}

// opener makes problems of 40 examples in float64.
func opener(spec string, loss nn.Loss) func(seed uint64) (*objective.Objective, io.Closer, error) {
	return openerOn(spec, tanh8, loss, func() kernels.Device { return cpu.New(cpu.Options{Threads: 1}) })
}

func openerOn(spec, network string, loss nn.Loss, device func() kernels.Device) func(seed uint64) (*objective.Objective, io.Closer, error) {
	return func(seed uint64) (*objective.Objective, io.Closer, error) {
		split, err := data.Load(spec, data.Options{Seed: seed})
		if err != nil {
			return nil, nil, err
		}
		model, err := nn.Parse(network, split.Train.Shape, max(split.Train.Classes, split.Train.Outputs), loss)
		if err != nil {
			return nil, nil, err
		}
		dev := device()
		f, err := objective.New(dev, model, split, objective.Options{DType: kernels.Float64})
		if err != nil {
			return nil, nil, err
		}
		if err := f.Parameters().Write(model.Init(seed)); err != nil {
			f.Close()
			return nil, nil, err
		}
		return f, closer{f.Close, func() { dev.Close() }}, nil
	}
}

const tanh8 = "mlp:8,act=tanh"

const glyphs = "glyphs,train=40,test=30,size=8,label-noise=0.2"

// entries are optimizers of the given names that share the steps of an SGD, whose batches gd-reg follows.
func entries(base optim.SGD, steps int, names ...string) func(int) ([]Entry, error) {
	return func(int) ([]Entry, error) {
		var all []Entry
		for _, name := range names {
			var o optim.Optimizer = base
			switch name {
			case "gd":
				o = optim.GD{Heavy: base.Heavy}
			case "gd-reg":
				reg := optim.DefaultGDReg
				reg.Heavy, reg.EmulateBatch = base.Heavy, base.Batch
				o = reg
			}
			all = append(all, Entry{Name: name, Optimizer: o, Steps: steps})
		}
		return all, nil
	}
}

// sgd is SGD without momentum.
func sgd(rate float64, batch int) optim.SGD {
	o := optim.DefaultSGD
	o.LearningRate, o.Batch = rate, batch
	return o
}

func momentum(o optim.SGD, mu float64, nesterov bool) optim.SGD {
	o.Momentum, o.Nesterov = mu, nesterov
	return o
}

func compared(t *testing.T, e Experiment) *Outcome {
	t.Helper()
	o, err := e.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// As η goes to 0 the regularizer explains all of the drift that is left in second order, with momentum too: the rest is of
// order η. Batches that do not come from shuffles, or a coefficient that is not the theory's, leave a part unexplained.
func TestRegularizerExplainsTheDrift(t *testing.T) {
	for name, base := range map[string]optim.SGD{
		"plain":    sgd(0.003, 8),
		"momentum": momentum(sgd(0.001, 8), 0.9, false),
		"nesterov": momentum(sgd(0.001, 8), 0.9, true),
	} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(base, 2, "sgd", "gd", "gd-reg"), Seeds: []uint64{1, 2}, Pairs: 48}
		if v := compared(t, e).Rows[2].DriftExplained; v == nil || v.Mean < 0.93 || v.Mean > 1 {
			t.Errorf("%s: drift explained is %v, want nearly 1", name, v)
		}
	}
}

func TestWrongCoefficientExplainsLess(t *testing.T) {
	base := sgd(0.003, 8)
	all := func(n int) ([]Entry, error) {
		e, err := entries(base, 2, "sgd", "gd", "gd-reg")(n)
		reg := e[2].Optimizer.(optim.GDReg)
		reg.Lambda, reg.EmulateBatch = 1.5*base.LearningRate/4*(1./8-1./40), 0
		e[2].Optimizer = reg
		return e, err
	}
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: all, Seeds: []uint64{1, 2}, Pairs: 48}
	if v := compared(t, e).Rows[2].DriftExplained; v == nil || math.Abs(v.Mean-0.5) > 0.05 {
		t.Errorf("with 1.5 times the coefficient the drift explained is %v, want about 0.5", v)
	}
}

func TestComparisonIsPairedAndRepeats(t *testing.T) {
	calls, last := 0, 0
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(sgd(0.1, 8), 20, "gd", "gd", "sgd"), Seeds: []uint64{3, 4, 5}, Points: 4,
		Observe: func(n study.News) {
			calls++
			if n.Done != last+1 {
				t.Errorf("after %d updates heard of %d", last, n.Done)
			}
			last = n.Done
		}}
	var soFar []string
	e.SoFar = func(o *Outcome, runs int) error {
		text := fmt.Sprint(runs, ":")
		for _, row := range o.Rows {
			text += fmt.Sprint(" ", row.Optimizer, row.Seeds)
		}
		soFar = append(soFar, text)
		return nil
	}
	o := compared(t, e)
	if want := []string{"1: gd[3]", "2: gd[3] gd[3]", "3: gd[3] gd[3] sgd[3]", "4: gd[3 4] gd[3] sgd[3]"}; len(soFar) != 9 || !slices.Equal(soFar[:4], want) {
		t.Errorf("so far %q", soFar)
	}
	if calls != 180 {
		t.Errorf("heard of %d updates", calls)
	}
	a, b := o.Rows[0], o.Rows[1]
	if *a.TestLoss != *b.TestLoss || *a.TrainLoss != *b.TrainLoss || len(a.Seeds) != 3 || a.Seeds[2] != 5 {
		t.Errorf("the same optimizer twice gives %+v and %+v", a, b)
	}
	if a.ExampleGradients.Mean != 800 || o.Rows[2].ExampleGradients.Mean != 160 || a.DriftExplained != nil {
		t.Errorf("gd costs %v, sgd %v; drift explained %v", a.ExampleGradients, o.Rows[2].ExampleGradients, a.DriftExplained)
	}
	if math.Abs(a.Gap.Mean-(a.TestLoss.Mean-a.TrainLoss.Mean)) > 1e-12 {
		t.Errorf("gap %v of %v and %v", a.Gap, a.TestLoss, a.TrainLoss)
	}
	if reference, paired := o.Paired(); reference != "gd" || paired.Rows[0][0] != "gd" || paired.Rows[0][2] != "0 ± 0" {
		t.Errorf("differences from %s: %v", reference, paired.Rows)
	}
	if rows := o.Runs().Rows; len(rows) != 9 || len(o.Summary().Rows) != 3 {
		t.Errorf("%d runs", len(rows))
	}
	var b2 bytes.Buffer
	if err := o.Figure().WritePNG(&b2); err != nil {
		t.Error(err)
	} else if _, err := png.Decode(&b2); err != nil {
		t.Error(err)
	}
}

func TestComparisonOnFailingDevices(t *testing.T) {
	devicetest.OnFailingDevice(t, func(dev kernels.Device) error {
		e := Experiment{Open: openerOn(glyphs, tanh8, nn.CrossEntropy{}, func() kernels.Device { return dev }), Entries: entries(sgd(0.1, 20), 2, "sgd", "gd", "gd-reg"),
			Seeds: []uint64{1}, Points: 1, Pairs: 2, Paths: 2}
		_, err := e.Run(context.Background())
		return err
	})
}

func TestRegressionWithoutTestPart(t *testing.T) {
	e := Experiment{Open: opener("gaussian,train=40,test=0,dim=5", nn.MSE{}), Entries: entries(sgd(0.05, 8), 6, "sgd", "gd"), Seeds: []uint64{1}, Points: 2, Pairs: 4}
	row := compared(t, e).Rows[0]
	text, err := json.Marshal(row)
	if err != nil || row.TestAccuracy != nil || row.TestLoss != nil || row.Gap != nil || row.TrainLoss == nil {
		t.Errorf("%s, %v", text, err)
	}
	if !bytes.Contains(text, []byte(`"test_accuracy":null`)) || !bytes.Contains(text, []byte(`"ci95":null`)) {
		t.Errorf("%s", text)
	}
}

func TestComparisonStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(sgd(0.1, 8), 1000, "sgd"), Seeds: []uint64{1},
		Observe: func(n study.News) {
			if n.Done == 7 {
				cancel()
			}
		}}
	if _, err := e.Run(ctx); !errors.Is(err, train.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

// The search prefers what reaches a lower loss on held-out examples, forgives a trial that left all bounds, and what it finds
// holds for every seed.
func TestTuning(t *testing.T) {
	base := sgd(0.01, 8)
	open := opener(glyphs, nn.CrossEntropy{})
	all := func(n int) ([]Entry, error) {
		e, err := entries(base, 20, "sgd", "gd", "gd-reg")(n)
		gd := e[1].Optimizer.(optim.GD)
		gd.LearningRate = 1e7 // gd starts where nothing works
		e[1].Optimizer = gd
		return e, err
	}
	rate := func(e Entry) float64 { return options.Number(e.Optimizer, "lr") }
	e := Experiment{Open: open, Entries: all, Seeds: []uint64{1, 2}, Trials: 4, Pairs: 4,
		OpenTuning: func(seed uint64) (*objective.Objective, io.Closer, error) { return open(9 + seed) }}
	o := compared(t, e)
	if len(o.Trials) != 12 || rate(o.Rows[0].Settings) <= base.LearningRate || options.Number(o.Rows[2].Settings.Optimizer, "emulate_batch") == 0 {
		t.Errorf("%d trials, chosen %+v of %+v", len(o.Trials), o.Rows[0].Settings, o.Trials[:4])
	}
	for i, row := range o.Rows {
		again := 0
		for _, trial := range o.Trials[4*i : 4*i+4] {
			if chosen := rate(trial.Settings) == rate(row.Settings); chosen != trial.Chosen || chosen && len(trial.Again) == 0 {
				t.Errorf("%s: chosen %v among %+v", row.Optimizer, rate(row.Settings), o.Trials[4*i:4*i+4])
			}
			if len(trial.Again) == study.AgainOn {
				again++
			}
		}
		if again == 0 || again > study.FinalistsOf {
			t.Errorf("%s: %d trials were run again", row.Optimizer, again)
		}
	}
	if _, atTheEnd := o.Chosen(); !slices.Contains(atTheEnd, "gd") {
		t.Errorf("gd would do better with a lower rate than the lowest tried; at the end are %v", atTheEnd)
	}
	if o.Rows[2].DriftExplained != nil {
		t.Error("the drift of runs with other learning rates is compared")
	}
}

// Shards share trials: each begins with its own, does none that another has finished, and all choose what a comparison in one piece does.
func TestShardsShareTrials(t *testing.T) {
	open := opener(glyphs, nn.CrossEntropy{})
	e := Experiment{Open: open, Entries: entries(sgd(0.01, 8), 5, "sgd", "gd"), Seeds: []uint64{1, 2}, Trials: 4,
		OpenTuning: func(seed uint64) (*objective.Objective, io.Closer, error) { return open(9 + seed) }}
	whole := compared(t, e)
	e.Kept = study.NewStore(t.TempDir(), "test")
	for i, first := range []string{"trial 1 of sgd, seed 1", ""} {
		var began []string
		e.Shard = study.Shard{Index: i, Of: 2}
		e.Observe = func(n study.News) {
			if n.Trial && !slices.Contains(began, n.What) {
				began = append(began, n.What)
			}
		}
		if _, err := e.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		switch {
		case first == "" && len(began) > 0:
			t.Errorf("the second shard does %v again", began)
		case first != "" && (began[0] != first || began[1] != "trial 3 of sgd, seed 1"):
			t.Errorf("shard %d begins with %v, want its own trials", i, began[:2])
		}
	}
	e.Shard, e.Observe = study.Shard{}, nil
	merged, err := json.Marshal(compared(t, e).Trials)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := json.Marshal(whole.Trials); err != nil || !bytes.Equal(merged, want) {
		t.Errorf("trials in shards are\n%s, in one piece\n%s", merged, want)
	}
}

package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"math"
	"slices"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
	"drift/optim"
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
func opener(spec, loss string) func(seed uint64) (*objective.Objective, io.Closer, error) {
	return openerOn(spec, loss, func() kernels.Device { return cpu.New(cpu.Options{Threads: 1}) })
}

func openerOn(spec, loss string, device func() kernels.Device) func(seed uint64) (*objective.Objective, io.Closer, error) {
	return func(seed uint64) (*objective.Objective, io.Closer, error) {
		split, err := data.Load(spec, data.Options{Seed: seed})
		if err != nil {
			return nil, nil, err
		}
		model, err := nn.Parse("mlp:8,act=tanh", split.Train.Shape, max(split.Train.Classes, split.Train.Outputs), loss)
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

const glyphs = "glyphs,train=40,test=30,size=8,label-noise=0.2"

func settings(base optim.Settings, names ...string) func(int) ([]optim.Settings, error) {
	return func(int) ([]optim.Settings, error) {
		var all []optim.Settings
		for _, name := range names {
			s := base
			s.Optimizer = name
			if s.FullBatch() {
				s.Batch = 0
			}
			if name == "gd-reg" {
				s.EmulateBatch = base.Batch
			}
			all = append(all, s)
		}
		return all, nil
	}
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
	for name, base := range map[string]optim.Settings{
		"plain":    {Rate: 0.003, Batch: 8, Steps: 2},
		"momentum": {Rate: 0.001, Batch: 8, Steps: 2, Momentum: 0.9},
		"nesterov": {Rate: 0.001, Batch: 8, Steps: 2, Momentum: 0.9, Nesterov: true},
	} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy), Settings: settings(base, "sgd", "gd", "gd-reg"), Seeds: []uint64{1, 2}, Pairs: 48}
		if v := compared(t, e).Rows[2].DriftExplained; v == nil || v.Mean < 0.93 || v.Mean > 1 {
			t.Errorf("%s: drift explained is %v, want nearly 1", name, v)
		}
	}
}

func TestWrongCoefficientExplainsLess(t *testing.T) {
	base := optim.Settings{Rate: 0.003, Batch: 8, Steps: 2}
	all := func(n int) ([]optim.Settings, error) {
		s, err := settings(base, "sgd", "gd", "gd-reg")(n)
		s[2].Lambda, s[2].EmulateBatch = 1.5*base.Rate/4*(1./8-1./40), 0
		return s, err
	}
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy), Settings: all, Seeds: []uint64{1, 2}, Pairs: 48}
	if v := compared(t, e).Rows[2].DriftExplained; v == nil || math.Abs(v.Mean-0.5) > 0.05 {
		t.Errorf("with 1.5 times the coefficient the drift explained is %v, want about 0.5", v)
	}
}

func TestComparisonIsPairedAndRepeats(t *testing.T) {
	base := optim.Settings{Rate: 0.1, Batch: 8, Steps: 20}
	calls, last := 0, 0
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy), Settings: settings(base, "gd", "gd", "sgd"), Seeds: []uint64{3, 4, 5}, Points: 4,
		Observe: func(done int, _ string) {
			calls++
			if done != last+1 {
				t.Errorf("after %d updates heard of %d", last, done)
			}
			last = done
		}}
	o := compared(t, e)
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
	base := optim.Settings{Rate: 0.1, Batch: 20, Steps: 2}
	devicetest.OnFailingDevice(t, func(dev kernels.Device) error {
		e := Experiment{Open: openerOn(glyphs, nn.CrossEntropy, func() kernels.Device { return dev }), Settings: settings(base, "sgd", "gd", "gd-reg"),
			Seeds: []uint64{1}, Points: 1, Pairs: 2}
		_, err := e.Run(context.Background())
		return err
	})
}

func TestRegressionWithoutTestPart(t *testing.T) {
	base := optim.Settings{Rate: 0.05, Batch: 8, Steps: 6}
	e := Experiment{Open: opener("gaussian,train=40,test=0,dim=5", nn.MSE), Settings: settings(base, "sgd", "gd"), Seeds: []uint64{1}, Points: 2, Pairs: 4}
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
	e := Experiment{Open: opener(glyphs, nn.CrossEntropy), Settings: settings(optim.Settings{Rate: 0.1, Batch: 8, Steps: 1000}, "sgd"), Seeds: []uint64{1},
		Observe: func(done int, _ string) {
			if done == 7 {
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
	base := optim.Settings{Rate: 0.002, Batch: 8, Steps: 20}
	open := opener(glyphs, nn.CrossEntropy)
	all := func(n int) ([]optim.Settings, error) {
		s, err := settings(base, "sgd", "gd", "gd-reg")(n)
		s[1].Rate = 1e7 // gd starts where nothing works
		return s, err
	}
	e := Experiment{Open: open, Settings: all, Seeds: []uint64{1, 2}, Trials: 4, Pairs: 4,
		OpenTuning: func() (*objective.Objective, io.Closer, error) { return open(9) }}
	o := compared(t, e)
	if len(o.Trials) != 12 || o.Rows[0].Settings.Rate <= base.Rate || o.Rows[2].Settings.EmulateBatch == 0 {
		t.Errorf("%d trials, chosen %+v", len(o.Trials), o.Rows[0].Settings)
	}
	for i, row := range o.Rows {
		least := math.Inf(1)
		for _, trial := range o.Trials[4*i : 4*i+4] {
			if loss := float64(trial.ValidationLoss); loss < least {
				least = loss
			}
		}
		for _, trial := range o.Trials[4*i : 4*i+4] {
			if chosen := trial.Settings.Rate == row.Settings.Rate; chosen != (float64(trial.ValidationLoss) == least) {
				t.Errorf("%s: chosen %v among %+v", row.Optimizer, row.Settings.Rate, o.Trials[4*i:4*i+4])
			}
		}
	}
	if _, atTheEnd := o.Chosen(); !slices.Contains(atTheEnd, "gd") {
		t.Errorf("gd would do better with a lower rate than the lowest tried; at the end are %v", atTheEnd)
	}
	if o.Rows[2].DriftExplained != nil {
		t.Error("the drift of runs with other learning rates is compared")
	}
}

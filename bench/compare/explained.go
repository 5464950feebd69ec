package compare

import (
	"context"
	"math"

	"drift/bench/report"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// explain fills in how much of the drift each regularized run explains, where there are a stochastic and a plain run with it.
func (e Experiment) explain(ctx context.Context, f *objective.Objective, runs []run, start []float64) error {
	sgd, gd := find(runs, "sgd"), find(runs, "gd")
	if sgd == nil || gd == nil || sgd.Diverged || gd.Diverged || e.Pairs < 2 || sgd.Settings.Batch == 0 || sgd.Settings.Sampling == "replacement" {
		return nil
	}
	var mean *cloud
	for i := range runs {
		r := &runs[i]
		if r.Settings.Optimizer != "gd-reg" || r.Diverged || !alike(sgd.Settings, gd.Settings) || !alike(sgd.Settings, r.Settings) ||
			r.Settings.EmulateBatch != 0 && r.Settings.EmulateBatch != sgd.Settings.Batch { // it follows another SGD
			continue
		}
		var err error
		if mean == nil {
			if mean, err = shuffles(ctx, f, sgd.Settings, start, e.Pairs, r.Seed); err != nil {
				return err
			}
		}
		share, err := explained(f, mean, sgd.Settings, gd.Settings, r.Settings, start)
		if err != nil {
			return err
		}
		r.Explained = report.Number(share)
	}
	return nil
}

// alike reports whether two optimizers take steps of the same length, so that their ways can be compared.
func alike(a, b optim.Settings) bool {
	return a.Rate == b.Rate && a.Momentum == b.Momentum && a.Nesterov == b.Nesterov
}

// explained is 1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ after as many steps as SGD has in an epoch, all from one start: 1 where
// the regularizer leads just where SGD goes in the mean, 0 where it leaves as much as plain descent. The noise of the mean
// over shuffles, which would lengthen both distances, is taken out of their squares; where it exceeds what plain descent
// leaves, nothing can be said: NaN.
func explained(f *objective.Objective, sgd *cloud, s, gd, reg optim.Settings, start []float64) (float64, error) {
	n := f.Examples(objective.Train)
	all := make([][]int, s.BatchesPerEpoch(n))
	for i := range all {
		all[i] = f.All(objective.Train)
	}
	var square [2]float64
	for k, settings := range []optim.Settings{reg, gd} {
		t, err := train.New(f, epochOf(settings), 0)
		if err != nil {
			return 0, err
		}
		end, err := follow(t, all, start)
		t.Close()
		if err != nil {
			return 0, err
		}
		square[k] = -sgd.variance
		for i, x := range end {
			square[k] += (x - sgd.mean[i]) * (x - sgd.mean[i])
		}
	}
	if square[1] < sgd.variance {
		return math.NaN(), nil
	}
	return 1 - math.Sqrt(math.Max(0, square[0])/square[1]), nil
}

// epochOf is settings for one epoch: without what changes over a run.
func epochOf(s optim.Settings) optim.Settings {
	s.Schedule, s.Warmup = "constant", 0
	return s
}

// follow is where a trainer arrives from start by the given batches.
func follow(t *train.Trainer, batches [][]int, start []float64) ([]float64, error) {
	if err := t.Reset(start); err != nil {
		return nil, err
	}
	for _, b := range batches {
		if err := t.Move(b, t.Settings.Rate); err != nil {
			return nil, err
		}
	}
	end := make([]float64, len(start))
	return end, t.Objective.Parameters().Read(end)
}

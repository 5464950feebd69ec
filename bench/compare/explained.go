package compare

import (
	"context"
	"math"

	"drift/bench/report"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// explain fills in how much of the drift each regularized run explains, where there are a stochastic and a plain run with it, and how
// much the expansion in the noise does.
func (e Experiment) explain(ctx context.Context, f *objective.Objective, runs []run, start []float64) error {
	sgd, stochastic := find[optim.SGD](runs)
	gd, plain := find[optim.GD](runs)
	if !stochastic || !plain || e.Pairs < 2 || sgd.Batch == 0 || sgd.Sampling == "replacement" || !alike(sgd.Heavy, gd.Heavy) {
		return nil
	}
	followers := followersOf(sgd, runs)
	if len(followers) == 0 && e.Paths < 2 {
		return nil
	}
	mean, some, err := shuffles(ctx, f, sgd, start, e.Pairs, e.Paths, runs[0].Seed)
	if err != nil {
		return err
	}
	constant(&gd.Rate)
	for _, r := range followers {
		reg := r.Entry.Optimizer.(optim.GDReg)
		constant(&reg.Rate)
		share, err := explained(f, mean, optim.BatchesPerEpoch(sgd, f.Examples(objective.Train)), gd, reg, start)
		if err != nil {
			return err
		}
		r.Explained = report.Number(share)
	}
	found, err := beyond(ctx, f, sgd, start, mean, e.Pairs, some)
	for i := range runs {
		if runs[i].Entry.Optimizer == optim.Optimizer(sgd) && err == nil {
			runs[i].SecondOrder = found
			break
		}
	}
	return err
}

// followersOf are the regularized runs that follow an SGD.
func followersOf(sgd optim.SGD, runs []run) (all []*run) {
	for i := range runs {
		reg, regularized := runs[i].Entry.Optimizer.(optim.GDReg)
		if regularized && !runs[i].Diverged && alike(sgd.Heavy, reg.Heavy) && (reg.EmulateBatch == 0 || reg.EmulateBatch == sgd.Batch) {
			all = append(all, &runs[i])
		}
	}
	return all
}

// alike reports whether two optimizers take steps of the same length, so that their ways can be compared.
func alike(a, b optim.Heavy) bool {
	return a.LearningRate == b.LearningRate && a.MomentumWeights() == b.MomentumWeights()
}

// explained is 1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ after the number of steps that SGD takes in an epoch, all from one start: 1 where
// the regularizer leads just where SGD goes in the mean, 0 where it leaves as much as plain descent. The noise of the mean
// over shuffles, which would lengthen both distances, is taken out of their squares; where it exceeds what plain descent
// leaves, nothing can be said: NaN.
func explained(f *objective.Objective, sgd *cloud, steps int, gd, reg optim.Optimizer, start []float64) (float64, error) {
	all := make([][]int, steps)
	for i := range all {
		all[i] = f.All(objective.Train)
	}
	var square [2]float64
	for k, o := range []optim.Optimizer{reg, gd} {
		t, err := train.New(f, o, train.Options{})
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

// constant takes what changes over a run off a learning rate, for the steps of one epoch.
func constant(r *optim.Rate) { r.Schedule, r.LRMin, r.Warmup = "constant", 0, 0 }

// follow is where a trainer arrives from start by the given batches.
func follow(t *train.Trainer, batches [][]int, start []float64) ([]float64, error) {
	if err := t.Reset(start); err != nil {
		return nil, err
	}
	for _, b := range batches {
		if err := t.Move(b, t.RateAt(0)); err != nil {
			return nil, err
		}
	}
	end := make([]float64, len(start))
	return end, t.Objective.Parameters().Read(end)
}

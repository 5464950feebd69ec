package compare

import (
	"context"
	"errors"
	"fmt"

	"drift/bench/report"
	"drift/bench/study"
	"drift/graph/objective"
	"drift/optim/train"
)

// Trial is one choice of an optimizer's options that was tried before the comparison, and the loss it reached on examples held out
// of the training part: null where the run diverged. The best were run again, on further seeds.
type Trial struct {
	Optimizer      string          `json:"optimizer"`
	Settings       Entry           `json:"settings"`
	ValidationLoss report.Number   `json:"validation_loss"`
	Again          []report.Number `json:"again,omitempty"` // on further seeds
	Chosen         bool            `json:"chosen"`
}

// losses are those of all seeds.
func (t Trial) losses() []float64 {
	all := []float64{float64(t.ValidationLoss)}
	for _, x := range t.Again {
		all = append(all, float64(x))
	}
	return all
}

// tuning is the trials of all optimizers on a seed. Each that is finished is a file, so that shards share them.
type tuning struct {
	of    Experiment
	heard func(steps int, news study.News)
	seed  uint64
	f     *objective.Objective
	start []float64
}

// keptTrial is a trial that is finished on a seed.
type keptTrial struct {
	Loss report.Number `json:"loss"`
}

// tune gives every optimizer the same number of trials and returns them with the best of each. Test examples are not looked at.
func (e Experiment) tune(ctx context.Context, heard func(steps int, news study.News)) (trials []Trial, best []Entry, err error) {
	for again := range 1 + study.AgainOn {
		if trials, err = e.tuneOn(ctx, e.Seeds[0]+uint64(again), trials, heard); err != nil {
			return nil, nil, err
		}
	}
	for i := 0; i < len(trials); i += e.Trials {
		of := trials[i:][:e.Trials]
		k := steadiest(of)
		if k < 0 {
			return nil, nil, fmt.Errorf("%s: none of %d trials kept its loss finite on every seed: %w", of[0].Optimizer, e.Trials, train.ErrNotFinite)
		}
		of[k].Chosen = true
		best = append(best, of[k].Settings)
	}
	return trials, best, nil
}

// steadiest is the chosen one of an optimizer's trials: of those that were run again, where some were.
func steadiest(trials []Trial) int {
	losses := make([][]float64, len(trials))
	for k, t := range trials {
		if len(t.Again) > 0 {
			losses[k] = t.losses()
		}
	}
	return study.Steadiest(losses)
}

// tuneOn runs the trials on a seed: all of them where there are none yet, and else the best of each optimizer again.
func (e Experiment) tuneOn(ctx context.Context, seed uint64, trials []Trial, heard func(steps int, news study.News)) (out []Trial, err error) {
	f, end, err := e.OpenTuning(seed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	base, start, err := e.begin(f)
	if err != nil {
		return nil, err
	}
	t := &tuning{of: e, heard: heard, seed: seed, f: f, start: start}
	if trials == nil {
		return t.first(ctx, base)
	}
	return trials, t.again(ctx, trials)
}

// first tries every choice once.
func (t *tuning) first(ctx context.Context, base []Entry) (trials []Trial, err error) {
	var all []int
	for _, entry := range base {
		for k := range t.of.Trials {
			trial := entry
			if trial.Optimizer, err = study.Tried(entry.Optimizer, k); err != nil {
				return nil, err
			}
			all = append(all, len(trials))
			trials = append(trials, Trial{Optimizer: entry.Name, Settings: trial})
		}
	}
	err = t.each(ctx, trials, all, func(trial *Trial, loss report.Number) { trial.ValidationLoss = loss })
	return trials, err
}

// again runs the best of each optimizer on another seed.
func (t *tuning) again(ctx context.Context, trials []Trial) error {
	var best []int
	for from := 0; from < len(trials); from += t.of.Trials {
		losses := make([]float64, t.of.Trials)
		for k := range losses {
			losses[k] = float64(trials[from+k].ValidationLoss)
		}
		for _, k := range study.Finalists(losses, study.FinalistsOf) {
			best = append(best, from+k)
		}
	}
	return t.each(ctx, trials, best, func(trial *Trial, loss report.Number) { trial.Again = append(trial.Again, loss) })
}

// each runs some of the trials. A shard begins with its own, and then takes what other shards have finished, and does what they have not.
func (t *tuning) each(ctx context.Context, trials []Trial, which []int, finished func(trial *Trial, loss report.Number)) error {
	losses := make([]report.Number, len(which))
	for _, own := range []bool{true, false} {
		for n, i := range which {
			if t.of.Shard.Has(n) != own {
				continue
			}
			var err error
			if losses[n], err = t.loss(ctx, trials[i], i); err != nil {
				return err
			}
		}
	}
	for n, i := range which {
		finished(&trials[i], losses[n])
	}
	return nil
}

// loss is that of the i-th trial on examples held out, null where it diverged.
func (t *tuning) loss(ctx context.Context, trial Trial, i int) (report.Number, error) {
	var kept keptTrial
	name := trialName(t.seed, i)
	found, err := t.of.Kept.Load(name, &kept)
	if found || err != nil {
		t.heard(trial.Settings.Steps, study.News{})
		return kept.Loss, err
	}
	what := fmt.Sprintf("trial %d of %s, seed %d", i%t.of.Trials+1, trial.Optimizer, t.seed)
	r, err := study.Train(ctx, t.f, trial.Settings, t.seed, t.start, 1, func(steps int, logged *train.Entry) {
		t.heard(steps, study.News{What: what, Trial: true, Logged: logged})
	})
	kept.Loss = report.Number(r.TestLoss())
	if err == nil {
		err = t.of.Kept.Save(name, kept)
	}
	if err != nil {
		return kept.Loss, fmt.Errorf("%s: %w", what, err)
	}
	return kept.Loss, nil
}

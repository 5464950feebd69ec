package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// tuning is the trials of all optimizers, as far as they are finished, in one file for each seed on which they run.
type tuning struct {
	of    Experiment
	heard func(steps int, news study.News)
	seed  uint64
	f     *objective.Objective
	start []float64
	kept  keptTrials
	at    int // runs of this seed asked for
}

// keptTrials is what is finished on a seed: losses in the order in which they are asked for.
type keptTrials struct {
	Losses []report.Number `json:"losses"`
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
	if _, err := e.Kept.Load(trialsName(seed), &t.kept); err != nil {
		return nil, err
	}
	if trials == nil {
		return t.first(ctx, base)
	}
	return trials, t.again(ctx, trials)
}

// first tries every choice once.
func (t *tuning) first(ctx context.Context, base []Entry) (trials []Trial, err error) {
	for _, entry := range base {
		for k := range t.of.Trials {
			trial := entry
			if trial.Optimizer, err = study.Tried(entry.Optimizer, k); err != nil {
				return nil, err
			}
			loss, err := t.loss(ctx, trial, fmt.Sprintf("trial %d of %s", k+1, entry.Name))
			if err != nil {
				return nil, err
			}
			trials = append(trials, Trial{Optimizer: entry.Name, Settings: trial, ValidationLoss: loss})
		}
	}
	return trials, nil
}

// again runs the best of each optimizer on another seed.
func (t *tuning) again(ctx context.Context, trials []Trial) error {
	for of := range slices.Chunk(trials, t.of.Trials) {
		losses := make([]float64, len(of))
		for k := range of {
			losses[k] = float64(of[k].ValidationLoss)
		}
		for _, k := range study.Finalists(losses, study.FinalistsOf) {
			loss, err := t.loss(ctx, of[k].Settings, fmt.Sprintf("trial %d of %s, seed %d", k+1, of[k].Optimizer, t.seed))
			if err != nil {
				return err
			}
			of[k].Again = append(of[k].Again, loss)
		}
	}
	return nil
}

// loss is that of a trial on examples held out, null where it diverged.
func (t *tuning) loss(ctx context.Context, trial Entry, what string) (report.Number, error) {
	if t.at++; t.at <= len(t.kept.Losses) {
		t.heard(trial.Steps, study.News{})
		return t.kept.Losses[t.at-1], nil
	}
	r, err := study.Train(ctx, t.f, trial, t.seed, t.start, 1, func(steps int, logged *train.Entry) {
		t.heard(steps, study.News{What: what, Trial: true, Logged: logged})
	})
	loss := report.Number(r.TestLoss())
	if err == nil {
		t.kept.Losses = append(t.kept.Losses, loss)
		err = t.of.Kept.Save(trialsName(t.seed), t.kept)
	}
	if err != nil {
		return loss, fmt.Errorf("%s: %w", what, err)
	}
	return loss, nil
}

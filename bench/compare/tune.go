package compare

import (
	"context"
	"errors"
	"fmt"
	"math"

	"drift/bench/report"
	"drift/optim/train"
)

// Trial is one choice of an optimizer's options that was tried before the comparison, and the loss it reached on examples held out
// of the training part: null where the run diverged.
type Trial struct {
	Optimizer      string        `json:"optimizer"`
	Settings       Entry         `json:"settings"`
	ValidationLoss report.Number `json:"validation_loss"`
}

// tune gives every optimizer the same number of trials and returns them with the best of each. Test examples are not looked at.
func (e Experiment) tune(ctx context.Context, heard func(steps int, what string)) (trials []Trial, best []Entry, err error) {
	f, end, err := e.OpenTuning()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, end.Close()) }()
	base, start, err := e.begin(f)
	if err != nil {
		return nil, nil, err
	}
	if err := e.Kept.load(trialsName, &trials); err != nil {
		return nil, nil, err
	}
	for i, entry := range base {
		for k := range e.Trials {
			if at := i*e.Trials + k; at < len(trials) {
				heard(entry.Steps, "")
				if err := trials[at].Settings.bind(entry); err != nil {
					return nil, nil, err
				}
				continue
			}
			trial := entry
			if trial.Optimizer, err = Tried(entry.Optimizer, k); err != nil {
				return nil, nil, err
			}
			what := fmt.Sprintf("trial %d of %s", k+1, entry.Name)
			r, err := Experiment{Points: 1}.one(ctx, f, trial, e.Seeds[0], start, func(steps int) { heard(steps, what) })
			if err == nil {
				trials = append(trials, Trial{entry.Name, trial, report.Number(testLoss(r))})
				err = e.Kept.save(trialsName, trials)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", what, err)
			}
		}
		chosen := bestOf(trials[i*e.Trials:][:e.Trials])
		if math.IsNaN(float64(chosen.ValidationLoss)) {
			return nil, nil, fmt.Errorf("%s: none of %d trials kept its loss finite: %w", entry.Name, e.Trials, train.ErrNotFinite)
		}
		best = append(best, chosen.Settings)
	}
	return trials, best, nil
}

// bestOf is the trial with the least loss, the first of equals.
func bestOf(trials []Trial) Trial {
	best := trials[0]
	for _, trial := range trials {
		if trial.ValidationLoss < best.ValidationLoss || math.IsNaN(float64(best.ValidationLoss)) {
			best = trial
		}
	}
	return best
}

package compare

import (
	"context"
	"errors"
	"fmt"
	"math"

	"drift/bench/report"
	"drift/optim"
)

// Trial is one set of settings that was tried before the comparison, and the loss it reached on examples held out of the
// training part: null where the run left all bounds.
type Trial struct {
	Optimizer      string         `json:"optimizer"`
	Settings       optim.Settings `json:"settings"`
	ValidationLoss report.Number  `json:"validation_loss"`
}

// tune gives every optimizer the same number of trials and returns them with the best of each. Test examples are not looked at.
func (e Experiment) tune(ctx context.Context, heard func(steps int, what string)) (trials []Trial, best []optim.Settings, err error) {
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
	for i, s := range base {
		for k := range e.Trials {
			trial := s.Trial(k)
			if i*e.Trials+k < len(trials) {
				heard(trial.Steps, "")
				continue
			}
			what := fmt.Sprintf("trial %d of %s", k+1, s.Optimizer)
			r, err := Experiment{Points: 1}.one(ctx, f, trial, e.Seeds[0], start, func(steps int) { heard(steps, what) })
			if err == nil {
				trials = append(trials, Trial{s.Optimizer, trial, report.Number(testLoss(r))})
				err = e.Kept.save(trialsName, trials)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", what, err)
			}
		}
		chosen := bestOf(trials[i*e.Trials:][:e.Trials])
		if math.IsNaN(float64(chosen.ValidationLoss)) {
			return nil, nil, fmt.Errorf("%s: none of %d trials kept its loss finite: lower --lr", s.Optimizer, e.Trials)
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

// adopt puts what the search chose into settings for another number of examples.
func adopt(settings, best []optim.Settings) []optim.Settings {
	for i, b := range best {
		settings[i].Rate, settings[i].EmulateBatch, settings[i].Damping = b.Rate, b.EmulateBatch, b.Damping
	}
	return settings
}

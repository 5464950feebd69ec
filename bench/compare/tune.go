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
	for _, s := range base {
		least, at := math.Inf(1), s
		for k := range e.Trials {
			trial := s.Trial(k)
			what := fmt.Sprintf("trial %d of %s", k+1, s.Optimizer)
			r, err := Experiment{Points: 1}.one(ctx, f, trial, e.Seeds[0], start, func(int) { heard(1, what) })
			loss := math.NaN()
			switch {
			case errors.Is(err, optim.ErrInterrupted):
				return nil, nil, err
			case errors.Is(err, optim.ErrNotFinite):
			case err != nil:
				return nil, nil, fmt.Errorf("%s: %w", what, err)
			default:
				loss = testLoss(r)
			}
			if loss < least {
				least, at = loss, trial
			}
			trials = append(trials, Trial{s.Optimizer, trial, report.Number(loss)})
		}
		if math.IsInf(least, 1) {
			return nil, nil, fmt.Errorf("%s: none of %d trials kept its loss finite: lower --lr", s.Optimizer, e.Trials)
		}
		best = append(best, at)
	}
	return trials, best, nil
}

// adopt puts what the search chose into settings for another number of examples.
func adopt(settings, best []optim.Settings) []optim.Settings {
	for i, b := range best {
		settings[i].Rate, settings[i].EmulateBatch, settings[i].Damping = b.Rate, b.EmulateBatch, b.Damping
	}
	return settings
}

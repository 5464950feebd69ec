package compare

import (
	"fmt"
	"slices"

	"drift/bench/report"
	"drift/optim"
)

// Chosen is what tuning decided on, the best trial of every optimizer, and the optimizers whose learning rate is the least or largest
// of those that were tried, so that a better one may lie beyond.
func (o *Outcome) Chosen() (t *report.Table, atTheEnd []string) {
	t = &report.Table{Header: []string{"optimizer", "lr", "lr tried"}, Left: 1}
	each := len(o.Trials) / len(o.Rows)
	var chosen []Trial
	for k := range o.Rows {
		trials := o.Trials[k*each:][:each]
		best, tried := bestOf(trials), []float64{}
		for _, trial := range trials {
			tried = append(tried, trial.Settings.Rate)
		}
		least, most := slices.Min(tried), slices.Max(tried)
		if rate := best.Settings.Rate; each > 2 && (rate == least || rate == most) {
			atTheEnd = append(atTheEnd, best.Optimizer)
		}
		chosen = append(chosen, best)
		t.Add(best.Optimizer, fmt.Sprint(best.Settings.Rate), fmt.Sprint(least, " to ", most))
	}
	t.AddColumn("emulate-batch", searched(chosen, func(s optim.Settings) float64 { return float64(s.EmulateBatch) }))
	t.AddColumn("damping", searched(chosen, func(s optim.Settings) float64 { return s.Damping }))
	t.AddColumn("validation loss", func() (cells []string) {
		for _, best := range chosen {
			cells = append(cells, report.Format(float64(best.ValidationLoss)))
		}
		return cells
	}())
	return t, atTheEnd
}

// searched is a setting of each trial, or nothing where none has it.
func searched(trials []Trial, of func(optim.Settings) float64) []string {
	cells, some := []string{}, false
	for _, trial := range trials {
		cell := "–"
		if x := of(trial.Settings); x != 0 {
			cell, some = fmt.Sprint(x), true
		}
		cells = append(cells, cell)
	}
	if !some {
		return nil
	}
	return cells
}

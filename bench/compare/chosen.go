package compare

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"drift/bench/report"
	"drift/bench/study"
	"drift/optim/options"
)

// Chosen is what tuning decided on, the best trial of every optimizer, and the optimizers whose learning rate is the least or largest
// of those that were tried, so that a better one may lie beyond.
func (o *Outcome) Chosen() (t *report.Table, atTheEnd []string) {
	t = &report.Table{Header: []string{"optimizer", "lr", "lr tried"}, Left: 1}
	each := len(o.Trials) / len(o.Rows)
	var chosen []Trial
	for k := range o.Rows {
		trials := o.Trials[k*each:][:each]
		best, tried := trials[slices.IndexFunc(trials, func(t Trial) bool { return t.Chosen })], []float64{}
		for _, trial := range trials {
			tried = append(tried, rate(trial))
		}
		least, most := slices.Min(tried), slices.Max(tried)
		if r := rate(best); each > 2 && (r == least || r == most) {
			atTheEnd = append(atTheEnd, best.Optimizer)
		}
		chosen = append(chosen, best)
		t.Add(best.Optimizer, fmt.Sprint(rate(best)), fmt.Sprint(least, " to ", most))
	}
	for _, name := range dimensions(chosen) {
		t.AddColumn(strings.ReplaceAll(name, "_", "-"), searched(chosen, name))
	}
	var losses, again []string
	for _, best := range chosen {
		losses = append(losses, report.Format(float64(best.ValidationLoss)))
		again = append(again, report.Format(stat.Mean(best.losses(), nil)))
	}
	t.AddColumn("validation loss", losses)
	t.AddColumn(fmt.Sprintf("its mean over %d seeds", 1+study.AgainOn), again)
	return t, atTheEnd
}

func rate(t Trial) float64 { return options.Number(t.Settings.Optimizer, "lr") }

// searched is an option of each chosen trial that was searched, or nothing where none has it.
func searched(trials []Trial, name string) (cells []string) {
	some := false
	for _, trial := range trials {
		cell := "–"
		if slices.ContainsFunc(study.Space(trial.Settings.Optimizer), func(d study.Dimension) bool { return d.Name == name }) {
			cell, some = options.Get(trial.Settings.Optimizer, name), true
		}
		cells = append(cells, cell)
	}
	if !some {
		return nil
	}
	return cells
}

// dimensions is the names of what was searched besides the learning rate, in the order of first appearance.
func dimensions(trials []Trial) (names []string) {
	for _, trial := range trials {
		for _, d := range study.Space(trial.Settings.Optimizer) {
			if d.Name != "lr" && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	return names
}

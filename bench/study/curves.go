package study

import (
	"fmt"
	"slices"

	"drift/bench/report"
	"drift/optim/train"
)

// metrics are the numbers along a run that are kept of it.
var metrics = []struct {
	name string
	of   func(train.Entry) *float64
}{
	{"loss", func(e train.Entry) *float64 { return &e.Loss }},
	{"accuracy", func(e train.Entry) *float64 { return e.Accuracy }},
	{"test_loss", func(e train.Entry) *float64 { return e.TestLoss }},
	{"test_accuracy", func(e train.Entry) *float64 { return e.TestAccuracy }},
	{"train_loss", func(e train.Entry) *float64 { return e.TrainLoss }},
}

// CurvesHeader is the columns of a table of learning curves.
var CurvesHeader = []string{"optimizer", "seed", "step", "metric", "value"}

// Group is the runs of one optimizer, seed by seed.
type Group struct {
	Name string
	Runs []Run
}

// AddCurves adds the learning curves of every run to a table, a value a row, behind cells that all rows begin with.
func (g Group) AddCurves(t *report.Table, begin ...string) {
	for _, r := range g.Runs {
		for _, entry := range r.Entries {
			for _, m := range metrics {
				if x := m.of(entry); x != nil && !notFinite(*x) {
					t.Add(append(slices.Clone(begin), g.Name, fmt.Sprint(r.Seed), fmt.Sprint(entry.Step), m.name, plain(*x))...)
				}
			}
		}
	}
}

// plain is a number in full, or nothing where there is none.
func plain(x float64) string {
	if notFinite(x) {
		return ""
	}
	return fmt.Sprint(x)
}

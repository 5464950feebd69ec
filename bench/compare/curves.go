package compare

import (
	"fmt"
	"math"

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

// Curves are the learning curves of every run, a value a row.
func (o *Outcome) Curves() *report.Table {
	t := &report.Table{Header: []string{"optimizer", "seed", "step", "metric", "value"}}
	for _, runs := range o.runs {
		for _, r := range runs {
			for _, entry := range r.Entries {
				for _, m := range metrics {
					if x := m.of(entry); x != nil && !math.IsNaN(*x) && !math.IsInf(*x, 0) {
						t.Add(r.Entry.Name, fmt.Sprint(r.Seed), fmt.Sprint(entry.Step), m.name, plain(*x))
					}
				}
			}
		}
	}
	return t
}

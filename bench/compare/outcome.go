package compare

import (
	"fmt"

	"drift/bench/report"
	"drift/bench/study"
	"drift/optim/train"
)

// Outcome is what all runs came to.
type Outcome struct {
	Rows   []Row
	Trials []Trial // nil without tuning
	// SecondOrder is nil where SGD and GD are not compared, or no shuffles were expanded.
	SecondOrder *SecondOrder
	runs        [][]run // by optimizer
}

// Row is one optimizer. A number is nil where it does not apply: accuracy in a regression, what concerns the test part
// without one. Gap is the test loss minus the train loss; ExampleGradients is the cost in gradients of one example.
type Row struct {
	Optimizer string   `json:"optimizer"`
	Settings  Entry    `json:"settings"`
	Seeds     []uint64 `json:"seeds"`
	Diverged  []uint64 `json:"diverged"` // seeds on which the run diverged; with one of them there is no mean
	Means
}

// Means is the numbers of a Row, means over seeds.
type Means struct {
	study.Means
	Seconds        *report.Interval `json:"seconds"`
	DriftExplained *report.Interval `json:"drift_explained"`
}

// column is one number of a run, with its place in a Row.
type column struct {
	name, title string
	of          func(run) float64
	in          func(*Row) **report.Interval
}

var columns = []column{
	{"test_accuracy", "test accuracy", run.TestAccuracy, func(r *Row) **report.Interval { return &r.TestAccuracy }},
	{"test_loss", "test loss", run.TestLoss, func(r *Row) **report.Interval { return &r.TestLoss }},
	{"train_loss", "train loss", run.TrainLoss, func(r *Row) **report.Interval { return &r.TrainLoss }},
	{"gap", "gap", run.Gap, func(r *Row) **report.Interval { return &r.Gap }},
	{"example_gradients", "example gradients", run.ExampleGradients,
		func(r *Row) **report.Interval { return &r.ExampleGradients }},
	{"seconds", "seconds", func(r run) float64 { return r.Result.Seconds }, func(r *Row) **report.Interval { return &r.Seconds }},
	{"drift_explained", "drift explained", func(r run) float64 { return float64(r.Explained) },
		func(r *Row) **report.Interval { return &r.DriftExplained }},
}

// newOutcome takes the runs of each seed, in one order. The last seed may have only the first of them.
func newOutcome(bySeed [][]run) *Outcome {
	o := &Outcome{SecondOrder: newSecondOrder(bySeed)}
	for k := range bySeed[0] {
		var of []run
		row := Row{Optimizer: bySeed[0][k].Entry.Name, Settings: bySeed[0][k].Entry, Diverged: []uint64{}}
		for _, runs := range bySeed {
			if k >= len(runs) {
				continue
			}
			of = append(of, runs[k])
			row.Seeds = append(row.Seeds, runs[k].Seed)
			if runs[k].Diverged {
				row.Diverged = append(row.Diverged, runs[k].Seed)
			}
		}
		for _, c := range columns {
			*c.in(&row) = interval(of, c.of)
		}
		o.Rows, o.runs = append(o.Rows, row), append(o.runs, of)
	}
	return o
}

// groups are the runs by optimizer.
func (o *Outcome) groups() []study.Group {
	groups := make([]study.Group, len(o.runs))
	for k, runs := range o.runs {
		groups[k].Name = o.Rows[k].Optimizer
		for _, r := range runs {
			groups[k].Runs = append(groups[k].Runs, r.Run)
		}
	}
	return groups
}

// Figure draws the learning curves: means over seeds with their 95 % confidence bands.
func (o *Outcome) Figure() report.Figure { return study.LearningCurves(o.groups()) }

// Curves are the learning curves of every run, a value a row.
func (o *Outcome) Curves() *report.Table {
	t := &report.Table{Header: study.CurvesHeader}
	for _, g := range o.groups() {
		g.AddCurves(t)
	}
	return t
}

// check refuses an outcome without any result.
func (o *Outcome) check() error {
	for _, row := range o.Rows {
		if len(row.Diverged) < len(row.Seeds) {
			return nil
		}
	}
	return fmt.Errorf("every run diverged: %w", train.ErrNotFinite)
}

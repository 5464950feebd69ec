package compare

import (
	"fmt"
	"math"

	"drift/bench/report"
	"drift/optim"
)

// Outcome is what all runs came to.
type Outcome struct {
	Rows []Row
	runs [][]run // by optimizer
}

// Row is one optimizer. A number is nil where it does not apply: accuracy in a regression, what concerns the test part
// without one. Gap is the test loss minus the train loss; ExampleGradients is the cost in gradients of one example.
type Row struct {
	Optimizer        string           `json:"optimizer"`
	Settings         optim.Settings   `json:"settings"`
	Seeds            []uint64         `json:"seeds"`
	TestAccuracy     *report.Interval `json:"test_accuracy"`
	TestLoss         *report.Interval `json:"test_loss"`
	TrainLoss        *report.Interval `json:"train_loss"`
	Gap              *report.Interval `json:"gap"`
	ExampleGradients *report.Interval `json:"example_gradients"`
	Seconds          *report.Interval `json:"seconds"`
	DriftExplained   *report.Interval `json:"drift_explained"`
}

// column is one number of a run, with its place in a Row.
type column struct {
	name, title string
	of          func(run) float64
	in          func(*Row) **report.Interval
}

var columns = []column{
	{"test_accuracy", "test accuracy", testAccuracy, func(r *Row) **report.Interval { return &r.TestAccuracy }},
	{"test_loss", "test loss", testLoss, func(r *Row) **report.Interval { return &r.TestLoss }},
	{"train_loss", "train loss", func(r run) float64 { return r.result.Train.Loss }, func(r *Row) **report.Interval { return &r.TrainLoss }},
	{"gap", "gap", func(r run) float64 { return testLoss(r) - r.result.Train.Loss }, func(r *Row) **report.Interval { return &r.Gap }},
	{"example_gradients", "example gradients", func(r run) float64 { return r.result.ExampleGradients },
		func(r *Row) **report.Interval { return &r.ExampleGradients }},
	{"seconds", "seconds", func(r run) float64 { return r.result.Seconds }, func(r *Row) **report.Interval { return &r.Seconds }},
	{"drift_explained", "drift explained", func(r run) float64 { return r.explained }, func(r *Row) **report.Interval { return &r.DriftExplained }},
}

func testLoss(r run) float64 {
	if r.result.Test == nil {
		return math.NaN()
	}
	return r.result.Test.Loss
}

func testAccuracy(r run) float64 {
	if r.result.Test == nil || !r.classes {
		return math.NaN()
	}
	return r.result.Test.Accuracy
}

func newOutcome(bySeed [][]run) *Outcome {
	o := &Outcome{}
	for k := range bySeed[0] {
		var of []run
		row := Row{Optimizer: bySeed[0][k].settings.Optimizer, Settings: bySeed[0][k].settings}
		for _, runs := range bySeed {
			of = append(of, runs[k])
			row.Seeds = append(row.Seeds, runs[k].seed)
		}
		for _, c := range columns {
			*c.in(&row) = interval(of, c.of)
		}
		o.Rows, o.runs = append(o.Rows, row), append(o.runs, of)
	}
	return o
}

// Table is what people read; columns without any number are left out.
func (o *Outcome) Table() *report.Table {
	t := &report.Table{Header: []string{"optimizer"}, Left: 1, Rows: make([][]string, len(o.Rows))}
	for i := range o.Rows {
		t.Rows[i] = []string{o.Rows[i].Optimizer}
	}
	for _, c := range columns {
		empty := true
		cells := make([]string, len(o.Rows))
		for i := range o.Rows {
			cells[i] = "–"
			if v := *c.in(&o.Rows[i]); v != nil {
				cells[i], empty = v.String(), false
			}
		}
		if empty {
			continue
		}
		t.Header = append(t.Header, c.title)
		for i, cell := range cells {
			t.Rows[i] = append(t.Rows[i], cell)
		}
	}
	return t
}

// Paired is the table of differences from plain descent (or from the first optimizer), taken seed by seed: what the seeds
// have in common, which makes most of the spread between them, drops out.
func (o *Outcome) Paired() (reference string, t *report.Table) {
	base := 0
	for k, row := range o.Rows {
		if row.Optimizer == "gd" {
			base = k
		}
	}
	t = &report.Table{Header: []string{"optimizer"}, Left: 1}
	for k, row := range o.Rows {
		if k == base {
			continue
		}
		header, cells := []string{"optimizer"}, []string{row.Optimizer}
		for _, c := range columns[:4] {
			seed := 0
			v := interval(o.runs[k], func(r run) float64 {
				seed++
				return c.of(r) - c.of(o.runs[base][seed-1])
			})
			if v != nil {
				header, cells = append(header, c.title), append(cells, v.String())
			}
		}
		t.Header = header
		t.Add(cells...)
	}
	return o.Rows[base].Optimizer, t
}

// Summary is the table for programs: a row an optimizer, mean and half width in columns of their own.
func (o *Outcome) Summary() *report.Table {
	t := &report.Table{Header: []string{"optimizer", "seeds"}}
	for _, c := range columns {
		t.Header = append(t.Header, c.name, c.name+"_ci95")
	}
	for i := range o.Rows {
		cells := []string{o.Rows[i].Optimizer, fmt.Sprint(len(o.Rows[i].Seeds))}
		for _, c := range columns {
			v := report.Interval{Mean: math.NaN(), CI95: math.NaN()}
			if p := *c.in(&o.Rows[i]); p != nil {
				v = *p
			}
			cells = append(cells, plain(v.Mean), plain(v.CI95))
		}
		t.Add(cells...)
	}
	return t
}

// Runs is every run by itself.
func (o *Outcome) Runs() *report.Table {
	t := &report.Table{Header: []string{"optimizer", "seed"}}
	for _, c := range columns {
		t.Header = append(t.Header, c.name)
	}
	for _, runs := range o.runs {
		for _, r := range runs {
			cells := []string{r.settings.Optimizer, fmt.Sprint(r.seed)}
			for _, c := range columns {
				cells = append(cells, plain(c.of(r)))
			}
			t.Add(cells...)
		}
	}
	return t
}

// plain is a number in full, or nothing where there is none.
func plain(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return fmt.Sprint(x)
}

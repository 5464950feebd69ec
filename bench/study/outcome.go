package study

import (
	"fmt"
	"math"
	"slices"

	"drift/bench/report"
)

// Outcome is what a study came to. Its numbers are functions of the cells, seconds left out, so that a study that was stopped, resumed or cut
// into shards comes to the same bytes.
type Outcome struct {
	Study       string        `json:"study"`
	Description string        `json:"description,omitempty"`
	Seeds       []uint64      `json:"seeds"`
	Tuning      *Tuning       `json:"tuning"` // null without
	Reference   string        `json:"reference"`
	DType       string        `json:"dtype"`
	Tasks       []TaskOutcome `json:"tasks"`
	Differences []Difference  `json:"differences"`
	Profile     *Profile      `json:"profile"` // null without targets
	Warnings    []string      `json:"warnings"`
	Tables      []Titled      `json:"tables"` // for readers
	ComputedBy  string        `json:"computed_by"`
	// Finished is there while the study goes on: see SoFar.
	Finished *Finished `json:"finished,omitempty"`
}

// TaskOutcome is what a task came to.
type TaskOutcome struct {
	Task    string   `json:"task"`
	Data    string   `json:"data"`
	Model   string   `json:"model"`
	Budget  Budget   `json:"budget"`
	Targets []Target `json:"targets"`
	Rows    []Row    `json:"rows"`

	groups []Group
}

// Row is an optimizer on a task. A number is nil where it does not apply, and a mean where a run diverged: it would flatter.
type Row struct {
	Optimizer string   `json:"optimizer"`
	Settings  *Entry   `json:"settings"` // null where tuning left none
	Seeds     []uint64 `json:"seeds"`
	Diverged  []uint64 `json:"diverged"` // seeds on which the run diverged
	Means
	Quartiles map[string]Quartile `json:"quartiles"` // of the same numbers, a run that diverged being worse than all others
	Targets   []Reached           `json:"targets"`
	Search    *Search             `json:"search"` // null where it is not tuned
}

// Means is the numbers of a Row, means over seeds.
type Means struct {
	TestAccuracy     *report.Interval `json:"test_accuracy"`
	TestLoss         *report.Interval `json:"test_loss"`
	TrainLoss        *report.Interval `json:"train_loss"`
	Gap              *report.Interval `json:"gap"`
	ExampleGradients *report.Interval `json:"example_gradients"`
}

// Reached is how often and at what cost runs reached a target. What missed it took longer than any number.
type Reached struct {
	Target    string   `json:"target"`
	Runs      int      `json:"runs"`
	Of        int      `json:"of"`
	Updates   Quartile `json:"updates"`
	Gradients Quartile `json:"example_gradients"`
}

// measure is a number of a run, with its place in a Row.
type measure struct {
	name, title string
	of          func(Run) float64
	rising      bool // larger is better
	in          func(*Row) **report.Interval
}

var measures = []measure{
	{"test_accuracy", "test accuracy", Run.TestAccuracy, true, func(r *Row) **report.Interval { return &r.TestAccuracy }},
	{"test_loss", "test loss", Run.TestLoss, false, func(r *Row) **report.Interval { return &r.TestLoss }},
	{"train_loss", "train loss", Run.TrainLoss, false, func(r *Row) **report.Interval { return &r.TrainLoss }},
	{"gap", "gap", Run.Gap, false, func(r *Row) **report.Interval { return &r.Gap }},
	{"example_gradients", "example gradients", Run.ExampleGradients, false, func(r *Row) **report.Interval { return &r.ExampleGradients }},
}

// value is the number of a run, the worst there is where it diverged. has tells whether other runs have such a number.
func (m measure) value(r Run) float64 {
	switch {
	case !r.Diverged:
		return m.of(r)
	case m.rising:
		return math.Inf(-1)
	}
	return math.Inf(1)
}

// outcome puts the cells together.
func (w *worker) outcome() (*Outcome, error) {
	o := &Outcome{Study: w.Name, Description: w.Description, Seeds: w.Seeds, Reference: w.Reference, DType: fmt.Sprint(w.DType), Warnings: []string{}, ComputedBy: w.o.Version}
	if w.Tuning.Trials > 0 {
		o.Tuning = &w.Tuning
	}
	if err := w.agree(); err != nil {
		return nil, err
	}
	for t := range w.Tasks {
		task, err := w.taskOutcome(t)
		if err != nil {
			return nil, err
		}
		o.Tasks = append(o.Tasks, task)
	}
	o.Differences = o.differences()
	o.Profile = o.profile()
	o.warn()
	o.Tables = o.tables()
	return o, nil
}

// agree wants cells of a task and a seed to have seen the same data.
func (w *worker) agree() error {
	first := map[problemKey]record{}
	for _, c := range w.all {
		r := w.done[c]
		if r.Void {
			continue
		}
		key := problemKey{c.task, c.seed, c.stage != finalStage}
		if of, known := first[key]; known && of.Data != r.Data {
			return fmt.Errorf("merging the cells: %q and %q were computed on other data: bring the data of one back, and delete the cells of the other", of.Cell, r.Cell)
		}
		first[key] = r
	}
	return nil
}

// grouped is a task with its runs that are done, and no rows yet.
func (w *worker) grouped(t int) TaskOutcome {
	task := w.Tasks[t]
	out := TaskOutcome{Task: task.Name, Data: task.Data, Model: task.Model, Budget: task.Budget, Targets: task.Targets}
	for k, o := range w.Optimizers {
		g := Group{Name: o.Name}
		for _, seed := range w.Seeds {
			if r, done := w.done[cell{finalStage, t, k, 0, seed}]; done {
				g.Runs = append(g.Runs, r.of(seed))
			}
		}
		out.groups = append(out.groups, g)
	}
	return out
}

func (w *worker) taskOutcome(t int) (TaskOutcome, error) {
	out := w.grouped(t)
	for k, g := range out.groups {
		row := out.row(g)
		if w.tuned(k) {
			s, _, err := w.search(t, k, true)
			if err != nil {
				return out, err
			}
			row.Search = &s
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func (t *TaskOutcome) row(g Group) Row {
	row := Row{Optimizer: g.Name, Diverged: g.diverged(), Quartiles: map[string]Quartile{}, Targets: []Reached{}}
	for _, r := range g.Runs {
		row.Seeds = append(row.Seeds, r.Seed)
		if r.Entry.Optimizer != nil && row.Settings == nil {
			row.Settings = &r.Entry
		}
	}
	for _, m := range measures {
		if !t.has(m) {
			continue
		}
		values := g.values(m)
		row.Quartiles[m.name] = quartiles(values)
		if len(row.Diverged) == 0 {
			v := report.Mean95(values)
			*m.in(&row) = &v
		}
	}
	for _, target := range t.Targets {
		row.Targets = append(row.Targets, reached(target, g.Runs))
	}
	return row
}

// has reports whether a number means something on the task.
func (t *TaskOutcome) has(m measure) bool {
	return slices.ContainsFunc(t.groups, func(g Group) bool {
		return slices.ContainsFunc(g.Runs, func(r Run) bool { return !r.Diverged && !math.IsNaN(m.of(r)) })
	})
}

func (g Group) values(m measure) []float64 {
	values := make([]float64, len(g.Runs))
	for i, r := range g.Runs {
		values[i] = m.value(r)
	}
	return values
}

func reached(target Target, runs []Run) Reached {
	out := Reached{Target: target.String(), Of: len(runs)}
	var updates, gradients []float64
	for _, r := range runs {
		at := target.reach(r)
		updates, gradients = append(updates, at.Updates), append(gradients, at.Gradients)
		if !math.IsInf(at.Updates, 1) {
			out.Runs++
		}
	}
	out.Updates, out.Gradients = quartiles(updates), quartiles(gradients)
	return out
}

package study

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"drift/bench/report"
	"drift/optim/options"
)

// Titled is a table with a line above it.
type Titled struct {
	Title string `json:"title"`
	*report.Table
}

// tables are what people read, without seconds, which are in another file.
func (o *Outcome) tables() (all []Titled) {
	for i := range o.Tasks {
		t := &o.Tasks[i]
		all = append(all, Titled{t.title(o.Seeds), t.table()})
		if d := o.differenceTable(t.Task); len(d.Rows) > 0 && len(o.Seeds) > 1 {
			all = append(all, Titled{fmt.Sprintf("%s: differences from %s, seed by seed", t.Task, o.Reference), d})
		}
		for k, target := range t.Targets {
			all = append(all, Titled{fmt.Sprintf("%s: runs that reached %s, and at what cost (median and quartiles)", t.Task, target), t.targetTable(k)})
		}
		if s := t.searchTable(); len(s.Rows) > 0 {
			all = append(all, Titled{t.Task + ": what tuning chose", s})
		}
	}
	return all
}

func (t *TaskOutcome) title(seeds []uint64) string {
	return fmt.Sprintf("%s (%s on %s, %s, %d seeds)", t.Task, t.Model, t.Data, t.Budget, len(seeds))
}

// table has means and intervals, or medians and quartiles where runs diverged.
func (t *TaskOutcome) table() *report.Table {
	out := &report.Table{Header: []string{"optimizer"}, Left: 1}
	for _, r := range t.Rows {
		out.Add(r.Optimizer)
	}
	for _, m := range measures {
		if !t.has(m) {
			continue
		}
		var cells []string
		for i := range t.Rows {
			r := &t.Rows[i]
			cell := "–"
			if v := *m.in(r); v != nil {
				cell = v.String()
			} else if q, there := r.Quartiles[m.name]; there {
				cell = q.String()
			}
			cells = append(cells, cell)
		}
		out.AddColumn(m.title, cells)
	}
	var diverged []string
	some := false
	for _, r := range t.Rows {
		diverged = append(diverged, fmt.Sprint(len(r.Diverged)))
		some = some || len(r.Diverged) > 0
	}
	if some {
		out.AddColumn("diverged", diverged)
	}
	return out
}

// String is "0.52 [0.48, 0.61]"; what is beyond all numbers is ∞.
func (q Quartile) String() string {
	if q.Lower == q.Upper && q.Lower == q.Median {
		return beyond(q.Median)
	}
	return fmt.Sprintf("%s [%s, %s]", beyond(q.Median), beyond(q.Lower), beyond(q.Upper))
}

func beyond(x report.Number) string {
	if math.IsInf(float64(x), 0) {
		return "∞"
	}
	return report.Format(float64(x))
}

func (o *Outcome) differenceTable(task string) *report.Table {
	out := &report.Table{Header: []string{"optimizer", "metric", "difference", "effect size", "p", "p corrected (Holm)", "tells"}, Left: 2}
	for _, d := range o.Differences {
		if d.Task != task {
			continue
		}
		mean, tells := "–", "no"
		if d.Mean != nil {
			mean = d.Mean.String()
		}
		if d.Tells() {
			tells = "yes"
		}
		out.Add(d.Optimizer, strings.ReplaceAll(d.Metric, "_", " "), mean, beyond(d.Effect), probability(d.P), probability(d.Holm), tells)
	}
	return out
}

func probability(p report.Number) string {
	switch x := float64(p); {
	case math.IsNaN(x):
		return "–"
	case x < 1e-4:
		return "<0.0001"
	default:
		return fmt.Sprintf("%.2g", x)
	}
}

func (t *TaskOutcome) targetTable(k int) *report.Table {
	out := &report.Table{Header: []string{"optimizer", "runs", "updates", "example gradients"}, Left: 1}
	for _, r := range t.Rows {
		of := r.Targets[k]
		updates, gradients := "missed", "missed"
		if of.Runs > 0 {
			updates, gradients = of.Updates.String(), of.Gradients.String()
		}
		out.Add(r.Optimizer, fmt.Sprintf("%d of %d", of.Runs, of.Of), updates, gradients)
	}
	return out
}

func (t *TaskOutcome) searchTable() *report.Table {
	out := &report.Table{Header: []string{"optimizer", "choice", "validation losses", "trials", "diverged", "diverges at lr ×", "cost in example gradients"}, Left: 2}
	for _, r := range t.Rows {
		s := r.Search
		if s == nil {
			continue
		}
		choice, losses := "none", "–"
		if s.Chosen >= 0 {
			choice = settings(s.Trials[s.Chosen].Settings, s.searched())
			for _, f := range s.Finalists {
				if f.Trial == s.Chosen {
					losses = numbers(f.Losses)
				}
			}
		}
		out.Add(r.Optimizer, choice, losses, fmt.Sprint(len(s.Trials)), fmt.Sprint(s.Diverged), beyond(s.EdgeRatio), report.Format(s.ExampleGradients))
	}
	return out
}

// searched are the options in which trials differ.
func (s *Search) searched() (names []string) {
	if len(s.Trials) == 0 {
		return nil
	}
	first := s.Trials[0].Settings.Optimizer
	for _, f := range options.Of(first) {
		if slices.ContainsFunc(s.Trials, func(t TrialLoss) bool {
			return options.Get(t.Settings.Optimizer, f.Name) != options.Get(first, f.Name)
		}) {
			names = append(names, f.Name)
		}
	}
	return names
}

func settings(e Entry, names []string) string {
	var parts []string
	for _, name := range names {
		parts = append(parts, name+" "+options.Get(e.Optimizer, name))
	}
	return strings.Join(parts, ", ")
}

func numbers(xs []report.Number) string {
	var parts []string
	for _, x := range xs {
		parts = append(parts, report.Format(float64(x)))
	}
	return strings.Join(parts, ", ")
}

// Runs is every run by itself.
func (o *Outcome) Runs() *report.Table {
	t := &report.Table{Header: []string{"task", "optimizer", "seed", "diverged", "updates"}}
	for _, m := range measures {
		t.Header = append(t.Header, m.name)
	}
	for _, of := range o.Tasks {
		for _, g := range of.groups {
			for _, r := range g.Runs {
				cells := []string{of.Task, g.Name, fmt.Sprint(r.Seed), fmt.Sprint(r.Diverged), fmt.Sprint(r.Result.Steps)}
				for _, m := range measures {
					cells = append(cells, plain(m.value(r)))
				}
				t.Add(cells...)
			}
		}
	}
	return t
}

// Curves are the learning curves of all runs, a value a row.
func (o *Outcome) Curves() *report.Table {
	t := &report.Table{Header: append([]string{"task"}, CurvesHeader...)}
	for _, of := range o.Tasks {
		for _, g := range of.groups {
			g.AddCurves(t, of.Task)
		}
	}
	return t
}

// Seconds is how long runs trained, and took to reach targets: each cell's own, as it was computed.
func (o *Outcome) Seconds() *report.Table {
	t := &report.Table{Header: []string{"task", "optimizer", "seed", "to", "seconds"}}
	for _, of := range o.Tasks {
		for _, g := range of.groups {
			for _, r := range g.Runs {
				begin := []string{of.Task, g.Name, fmt.Sprint(r.Seed)}
				t.Add(append(slices.Clone(begin), "end", plain(r.Result.Seconds))...)
				for _, target := range of.Targets {
					t.Add(append(slices.Clone(begin), target.String(), plain(target.reach(r).Seconds))...)
				}
			}
		}
	}
	return t
}

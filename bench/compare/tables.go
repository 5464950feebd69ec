package compare

import (
	"fmt"
	"math"

	"drift/bench/report"
)

// Table is what people read; columns without any number are left out.
func (o *Outcome) Table() *report.Table {
	all := make([]int, len(o.Rows))
	for i := range all {
		all[i] = i
	}
	return o.table(all, columns, func(row int, c column) *report.Interval { return *c.in(&o.Rows[row]) })
}

// table has the columns in which some row has a value.
func (o *Outcome) table(rows []int, columns []column, value func(row int, c column) *report.Interval) *report.Table {
	t := &report.Table{Header: []string{"optimizer"}, Left: 1}
	for _, row := range rows {
		t.Add(o.Rows[row].Optimizer)
	}
	for _, c := range columns {
		cells, empty := make([]string, len(rows)), true
		for i, row := range rows {
			cells[i] = "–"
			if v := value(row, c); v != nil {
				cells[i], empty = v.String(), false
			}
		}
		if !empty {
			t.AddColumn(c.title, cells)
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
	var others []int
	for k := range o.Rows {
		if k != base {
			others = append(others, k)
		}
	}
	return o.Rows[base].Optimizer, o.table(others, columns[:4], func(row int, c column) *report.Interval {
		seed := 0
		return interval(o.runs[row], func(r run) float64 {
			seed++
			return c.of(r) - c.of(o.runs[base][seed-1])
		})
	})
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
			cells := []string{r.Entry.Name, fmt.Sprint(r.Seed)}
			for _, c := range columns {
				x := c.of(r)
				if r.Diverged {
					x = math.NaN()
				}
				cells = append(cells, plain(x))
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

package compare

import (
	"fmt"
	"math"

	"drift/bench/report"
)

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

// Chosen is what tuning decided on: the best trial of every optimizer.
func (o *Outcome) Chosen() *report.Table {
	t := &report.Table{Header: []string{"optimizer", "lr", "emulate-batch", "damping", "validation loss"}, Left: 1}
	each := len(o.Trials) / len(o.Rows)
	some := func(x float64) string {
		if x == 0 {
			return "–"
		}
		return report.Format(x)
	}
	for k := range o.Rows {
		best := o.Trials[k*each]
		for _, trial := range o.Trials[k*each : (k+1)*each] {
			if trial.ValidationLoss < best.ValidationLoss || math.IsNaN(float64(best.ValidationLoss)) {
				best = trial
			}
		}
		s := best.Settings
		t.Add(s.Optimizer, report.Format(s.Rate), some(float64(s.EmulateBatch)), some(s.Damping), report.Format(float64(best.ValidationLoss)))
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

package page

import (
	"fmt"
	"math"
	"slices"

	"drift/bench/report"
)

// curves are the charts along runs and comparisons.
func (r *Results) curves(l legend) (charts []*chart) {
	for _, p := range r.allPanels() {
		var curves []*curve
		for k, u := range r.runs {
			for _, f := range p.fields {
				if curve := u.curve(k, f); len(curve.X) > 0 {
					curves = append(curves, curve)
				}
			}
		}
		var apart []*chart
		for k, c := range r.comparisons {
			if of := c.learningCurves(p, l.comparisons[k]); c.apart() {
				apart = p.add(apart, ", "+c.name, of)
			} else {
				curves = append(curves, of...)
			}
		}
		charts = append(p.add(charts, "", curves), apart...)
	}
	return charts
}

// add adds the panel's chart of curves, if they show anything.
func (p panel) add(charts []*chart, of string, curves []*curve) []*chart {
	c := &chart{Title: p.title + of, Note: p.note, XLabel: "steps", Along: true, Curves: curves}
	if len(curves) == 0 || p.title == "Learning rate" && !c.varies() {
		return charts
	}
	if c.LogY = c.wide() && !p.share(); p.share() {
		c.clamp()
	}
	return append(charts, c)
}

// apart reports whether a comparison has charts of its own: the curves of a study's tasks would hide each other.
func (c *comparison) apart() bool { return c.study != nil && len(c.study.Tasks) > 1 }

// varies reports whether the curves have more than one value.
func (c *chart) varies() bool {
	return slices.ContainsFunc(c.Curves, func(of *curve) bool { return slices.Min(of.Y) < slices.Max(of.Y) })
}

// curve is a field of a run.
func (u *run) curve(series int, f field) *curve {
	c := &curve{Series: series, Name: f.label, Kind: f.kind}
	sum := 0.0
	for _, entry := range u.entries {
		y, there := entry[f.name]
		if f.name == gapPredicted {
			var second bool
			y, there = entry["gap_drift_predicted"]
			add, has := entry["gap_drift_gradient"]
			y, second = y+add, has
			there = there && second
		}
		if !there {
			continue
		}
		if sum += y; f.added {
			y = sum
		}
		c.X, c.Y = append(c.X, entry["step"]), append(c.Y, y)
		c.Epochs, c.Seconds = append(c.Epochs, entry["epoch"]), append(c.Seconds, entry["seconds"])
	}
	return c
}

// learningCurves are the means over seeds that belong to a panel. The first optimizer has the series begin.
func (c *comparison) learningCurves(p panel, begin int) (curves []*curve) {
	for _, of := range c.curves {
		series := slices.IndexFunc(c.Rows, func(r row) bool { return r.Optimizer == of.optimizer })
		i := slices.IndexFunc(p.fields, func(f field) bool { return f.name == of.metric })
		if series >= 0 && i >= 0 {
			curves = append(curves, of.mean(begin+series, p.fields[i]))
		}
	}
	return curves
}

// mean is a learning curve with its 95 % confidence band.
func (l learning) mean(series int, f field) *curve {
	c := &curve{Series: series, Name: f.label, Kind: f.kind, X: l.steps}
	for _, values := range l.values {
		v := report.Mean95(values)
		half := v.CI95
		if math.IsNaN(half) {
			half = 0
		}
		c.Y, c.Low, c.High = append(c.Y, v.Mean), append(c.Low, v.Mean-half), append(c.High, v.Mean+half)
	}
	return c
}

// number gives charts the names by which the script finds them.
func number(charts []*chart) []*chart {
	for i, c := range charts {
		c.ID = fmt.Sprintf("chart%d", i+1)
	}
	return charts
}

// share reports whether the numbers lie between 0 and 1.
func (p panel) share() bool { return p.title == "Accuracy" }

// clamp keeps the intervals of shares between 0 and 1.
func (c *chart) clamp() {
	for _, of := range c.Curves {
		for i := range of.Low {
			of.Low[i], of.High[i] = max(of.Low[i], 0), min(of.High[i], 1)
		}
	}
}

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
		c := &chart{Title: p.title, Note: p.note, XLabel: "steps", Along: true}
		for k, u := range r.runs {
			for _, f := range p.fields {
				if curve := u.curve(k, f); len(curve.X) > 0 {
					c.Curves = append(c.Curves, curve)
				}
			}
		}
		c.Curves = append(c.Curves, r.learningCurves(p, l)...)
		if len(c.Curves) == 0 || p.title == "Learning rate" && !c.varies() {
			continue
		}
		if c.LogY = c.wide() && !p.share(); p.share() {
			c.clamp()
		}
		charts = append(charts, c)
	}
	return charts
}

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

// learningCurves are the means over seeds that belong to a panel.
func (r *Results) learningCurves(p panel, l legend) (curves []*curve) {
	for k, c := range r.comparisons {
		for _, of := range c.curves {
			series := slices.IndexFunc(c.Rows, func(r row) bool { return r.Optimizer == of.optimizer })
			i := slices.IndexFunc(p.fields, func(f field) bool { return f.name == of.metric })
			if series >= 0 && i >= 0 {
				curves = append(curves, of.mean(l.comparisons[k]+series, p.fields[i]))
			}
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

package study

import (
	"math"
	"slices"

	"drift/bench/report"
	"drift/optim/train"
)

// LearningCurves draws those of some optimizers: means over seeds with their 95 % confidence bands.
func LearningCurves(groups []Group) report.Figure {
	var panels []report.Panel
	for _, p := range []report.Panel{
		learningPanel(groups, "Test loss", "loss on the test part", false, func(e train.Entry) *float64 { return e.TestLoss }),
		learningPanel(groups, "Train loss", "loss of the batches", false, func(e train.Entry) *float64 { return &e.Loss }),
		learningPanel(groups, "Test accuracy", "share of the test part", true, func(e train.Entry) *float64 { return e.TestAccuracy }),
	} {
		if slices.ContainsFunc(p.Curves, func(c report.Curve) bool { return slices.ContainsFunc(c.Y, report.Interval.Known) }) {
			panels = append(panels, p)
		}
	}
	caption := "Means over seeds, with 95 % confidence bands"
	if len(groups) > 0 && len(groups[0].Runs) == 1 {
		caption = "One seed"
	}
	return report.Figure{Panels: panels, Caption: caption}
}

func learningPanel(groups []Group, title, label string, share bool, of func(train.Entry) *float64) report.Panel {
	p := report.Panel{Title: title, XLabel: "updates", YLabel: label, Share: share}
	ceiling := ceilingOf(groups, of)
	for k, g := range groups {
		curve := report.Curve{Name: g.Name, Color: k}
		for i, entry := range longest(g.Runs) {
			values := make([]float64, len(g.Runs))
			for s, r := range g.Runs {
				values[s] = math.NaN()
				if i < len(r.Entries) { // before it diverged
					if x := of(r.Entries[i]); x != nil {
						values[s] = min(*x, ceiling)
					}
				}
			}
			curve.X, curve.Y = append(curve.X, float64(entry.Step)), append(curve.Y, report.Mean95(values))
		}
		p.Curves = append(p.Curves, curve)
	}
	p.LogY = !p.Share && wide(p.Curves)
	return p
}

// wide reports whether curves span more than a power of ten above 0, and are better seen on a logarithmic axis.
func wide(curves []report.Curve) bool {
	least, most := math.Inf(1), 0.0
	for _, c := range curves {
		for _, y := range c.Y {
			if y.Known() {
				least, most = min(least, y.Mean), max(most, y.Mean)
			}
		}
	}
	return least > 0 && most > 10*least
}

// longest is the entries of the run that came farthest.
func longest(runs []Run) []train.Entry {
	if len(runs) == 0 {
		return nil
	}
	return slices.MaxFunc(runs, func(a, b Run) int { return len(a.Entries) - len(b.Entries) }).Entries
}

// diverged are the seeds on which runs did.
func (g Group) diverged() []uint64 {
	seeds := []uint64{}
	for _, r := range g.Runs {
		if r.Diverged {
			seeds = append(seeds, r.Seed)
		}
	}
	return seeds
}

// ceilingOf is what curves are cut off at where an optimizer diverged, so that the others can still be told apart: twice the largest
// number of those that did not.
func ceilingOf(groups []Group, of func(train.Entry) *float64) float64 {
	most, cut := 0.0, false
	for _, g := range groups {
		if len(g.diverged()) > 0 {
			cut = true
			continue
		}
		for _, r := range g.Runs {
			for _, entry := range r.Entries {
				if x := of(entry); x != nil {
					most = max(most, 2**x)
				}
			}
		}
	}
	if !cut || most == 0 {
		return math.Inf(1)
	}
	return most
}

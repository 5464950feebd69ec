package compare

import (
	"math"
	"slices"

	"drift/bench/report"
	"drift/optim"
)

// Figure draws the learning curves: means over seeds with their 95 % confidence bands.
func (o *Outcome) Figure() report.Figure {
	panels := []report.Panel{
		o.panel("Test loss", "loss on the test part", false, func(e optim.Entry) *float64 { return e.TestLoss }),
		o.panel("Train loss", "loss of the batches", true, func(e optim.Entry) *float64 { return &e.Loss }),
	}
	if o.Rows[0].TestAccuracy != nil {
		panels = append(panels, o.panel("Test accuracy", "share of the test part", false, func(e optim.Entry) *float64 { return e.TestAccuracy }))
	}
	return report.Figure{Panels: panels}
}

func (o *Outcome) panel(title, label string, logarithmic bool, of func(optim.Entry) *float64) report.Panel {
	p := report.Panel{Title: title, XLabel: "updates", YLabel: label, LogY: logarithmic}
	for k, runs := range o.runs {
		curve := report.Curve{Name: o.Rows[k].Optimizer, Color: k}
		for i, entry := range longest(runs) {
			values := make([]float64, len(runs))
			for s, r := range runs {
				values[s] = math.NaN()
				if i < len(r.Entries) { // before it diverged
					if x := of(r.Entries[i]); x != nil {
						values[s] = *x
					}
				}
			}
			curve.X, curve.Y = append(curve.X, float64(entry.Step)), append(curve.Y, report.Mean95(values))
		}
		p.Curves = append(p.Curves, curve)
	}
	return p
}

// longest is the entries of the run that came farthest.
func longest(runs []run) []optim.Entry {
	return slices.MaxFunc(runs, func(a, b run) int { return len(a.Entries) - len(b.Entries) }).Entries
}

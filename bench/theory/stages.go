package theory

import (
	"encoding/json"
	"strconv"

	"drift/bench/report"
)

// MarshalJSON writes what does not apply as null.
func (s Stage) MarshalJSON() ([]byte, error) {
	type n = report.Number
	return json.Marshal(struct {
		Step           int  `json:"step"`
		Rate           n    `json:"lr"`
		TrainLoss      n    `json:"train_loss"`
		TestLoss       n    `json:"test_loss"`
		Square         n    `json:"grad_norm2"`
		Trace          n    `json:"tr_sigma"`
		TraceGradient  n    `json:"grad_tr_sigma_norm"`
		GapPredicted   n    `json:"gap_drift_predicted"`
		GapOwn         n    `json:"gap_drift_tr_sigma"`
		GapMeasured    n    `json:"gap_drift_measured"`
		DriftPredicted n    `json:"drift_predicted"`
		DriftMeasured  n    `json:"drift_measured"`
		Explained      n    `json:"drift_explained"`
		Second         any  `json:"second_order"`
		CrossedUpdate  n    `json:"kinks_crossed_update"`
		CrossedEpoch   n    `json:"kinks_crossed_epoch"`
		Limit          n    `json:"lr_limit"`
		TooLarge       bool `json:"lr_too_large"`
	}{s.Step, n(s.Rate), n(s.TrainLoss), n(s.TestLoss), n(s.Square), n(s.Trace), n(s.TraceGradient), n(s.GapPredicted), n(s.GapOwn),
		n(s.GapMeasured), n(s.DriftPredicted), n(s.DriftMeasured), n(s.Explained), s.Shares, n(s.Crossed.Update), n(s.Crossed.Epoch), n(s.Limit), s.TooLarge()})
}

// MarshalJSON writes what does not apply as null.
func (s Shares) MarshalJSON() ([]byte, error) {
	type n = report.Number
	return json.Marshal(struct {
		Drift     n `json:"drift"`
		Diffusion n `json:"diffusion"`
		Both      n `json:"both"`
		Around    n `json:"around_mean"`
		Deviation n `json:"standard_error"`
	}{n(s.Drift), n(s.Diffusion), n(s.Both), n(s.AroundMean), n(s.Deviation)})
}

// MarshalJSON writes what does not apply as null.
func (t Trend) MarshalJSON() ([]byte, error) {
	type n = report.Number
	return json.Marshal(struct {
		Slope     n   `json:"gap_slope"`
		R2        n   `json:"gap_r2"`
		Growth    n   `json:"grad_tr_sigma_growth"`
		Explained n   `json:"drift_explained"`
		Both      n   `json:"second_order_explained"`
		TooLarge  int `json:"lr_too_large"`
	}{n(t.Slope), n(t.R2), n(t.Growth), n(t.Explained), n(t.Both), t.TooLarge})
}

// StageTable shows the stages of a run, a row each.
func StageTable(stages []Stage) *report.Table {
	t := &report.Table{Header: []string{"step", "train loss", "test loss", "tr Σ", "‖∂tr Σ‖", "gap drift: predicted", "of it η tr Σ/N", "measured",
		"GD − ⟨SGD⟩: predicted", "measured", "explained", "by drift", "by diffusion", "by both", "around the mean", "kinks crossed: an update", "an epoch", "η", "η too large at"}}
	f := report.Format
	for _, s := range stages {
		t.Add(strconv.Itoa(s.Step), f(s.TrainLoss), f(s.TestLoss), f(s.Trace), f(s.TraceGradient), f(s.GapPredicted), f(s.GapOwn), f(s.GapMeasured),
			f(s.DriftPredicted), f(s.DriftMeasured), f(s.Explained), decimals(s.Shares.Drift, 3), decimals(s.Shares.Diffusion, 3), decimals(s.Shares.Both, 3), decimals(s.Shares.AroundMean, 3),
			decimals(s.Crossed.Update, 4), decimals(s.Crossed.Epoch, 4),
			f(s.Rate), f(s.Limit))
	}
	return t
}

// StageFigure draws measured against predicted drift of the gap, and over the run the statistics of gradients, the explained share and
// the learning rate beside its limit.
func StageFigure(stages []Stage) report.Figure {
	gap := report.Curve{Name: "an epoch of the run", Dots: true}
	low, high := 0.0, 0.0
	for _, s := range stages {
		gap.X, gap.Y = append(gap.X, s.GapPredicted), append(gap.Y, point(s.GapMeasured))
		low, high = min(low, s.GapPredicted), max(high, s.GapPredicted)
	}
	equal := report.Curve{Name: "equal", X: []float64{low, high}, Y: []report.Interval{point(low), point(high)}, Color: report.Gray, Dashed: true}
	over := func(name string, color int, of func(Stage) float64) report.Curve {
		c := report.Curve{Name: name, Color: color}
		for _, s := range stages {
			c.X, c.Y = append(c.X, float64(s.Step)), append(c.Y, point(of(s)))
		}
		return c
	}
	return report.Figure{Panels: []report.Panel{
		{Title: "Drift of the gap over an epoch", XLabel: "predicted", YLabel: "measured", Curves: []report.Curve{equal, gap}},
		{Title: "Gradients", XLabel: "step", YLabel: "size", LogY: true, Curves: []report.Curve{
			over("tr Σ", 0, func(s Stage) float64 { return s.Trace }),
			over("‖∂tr Σ‖", 1, func(s Stage) float64 { return s.TraceGradient }),
			over("‖ḡ‖²", 2, func(s Stage) float64 { return s.Square })}},
		{Title: "GD and SGD over an epoch", XLabel: "step", YLabel: "share explained", Curves: []report.Curve{
			over("by the regularizer", 0, func(s Stage) float64 { return s.Explained }),
			over("by drift along GD's path", 1, func(s Stage) float64 { return s.Shares.Drift }),
			over("by diffusion", 2, func(s Stage) float64 { return s.Shares.Diffusion }),
			over("by both", 3, func(s Stage) float64 { return s.Shares.Both }),
			over("by both, around SGD's mean", 4, func(s Stage) float64 { return s.Shares.AroundMean })}},
		{Title: "Learning rate", XLabel: "step", YLabel: "η", LogY: true, Curves: []report.Curve{
			over("of the run", 0, func(s Stage) float64 { return s.Rate }),
			over("too large for an expansion", 1, func(s Stage) float64 { return s.Limit })}},
	}}
}

package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"drift/bench/report"
	"drift/graph/sigma"
)

// intervals is a figure of one number for each optimizer, as dots with their confidence intervals one below the other.
type intervals struct {
	Title  string
	Note   string
	Height int
	Ticks  []tick
	Rows   []span
	Bottom string
}

// span is a dot at X with a bar from Low to High.
type span struct {
	Name, Text   string
	Color        int
	Series       int
	Y, TextY     string
	X, Low, High string
}

const (
	spanHeight = 38
	spanTop    = 8
)

// forests are the figures of all comparisons' numbers.
func (r *Results) forests(l legend) (all []intervals) {
	for _, of := range []struct {
		title string
		share bool // of a whole: the axis goes from 0 to 1
		value func(row) *report.Interval
	}{
		{"Test loss", false, func(r row) *report.Interval { return r.TestLoss }},
		{"Test accuracy", false, func(r row) *report.Interval { return r.TestAccuracy }},
		{"Generalization gap", false, func(r row) *report.Interval { return r.Gap }},
		{"Share of the drift between SGD and GD that is explained", true, func(r row) *report.Interval { return r.DriftExplained }},
	} {
		if f := r.forest(l, of.title, of.share, of.value); len(f.Rows) > 0 {
			all = append(all, f)
		}
	}
	return all
}

func (r *Results) forest(l legend, title string, share bool, value func(row) *report.Interval) intervals {
	f := intervals{Title: title, Note: "Mean over seeds with its 95 % confidence interval."}
	low, high := math.Inf(1), math.Inf(-1)
	if share {
		low, high = 0, 1
	}
	var kept []report.Interval
	for k, c := range r.comparisons {
		for i, row := range c.Rows {
			v := value(row)
			if v == nil || math.IsNaN(v.Mean) {
				continue
			}
			half := v.CI95
			if math.IsNaN(half) {
				half = 0
			}
			low, high = min(low, v.Mean-half), max(high, v.Mean+half)
			kept = append(kept, report.Interval{Mean: v.Mean, CI95: half})
			series := l.comparisons[k] + i
			f.Rows = append(f.Rows, span{Name: l.names[series], Text: v.String(), Color: l.colors[series], Series: series})
		}
	}
	f.place(newScale(low, high, 20, width-20, false), kept)
	return f
}

// place puts the rows one below the other, each at its value.
func (f *intervals) place(x scale, kept []report.Interval) {
	f.Ticks = x.ticks()
	for i, v := range kept {
		y := float64(spanTop + i*spanHeight)
		row := &f.Rows[i]
		row.TextY, row.Y = place(y+12), place(y+23)
		row.X, row.Low, row.High = place(x.at(v.Mean)), place(x.at(v.Mean-v.CI95)), place(x.at(v.Mean+v.CI95))
	}
	f.Height = spanTop + len(kept)*spanHeight + 30
	f.Bottom = place(float64(f.Height - 26))
}

// mostRows is how many parameters one figure names.
const mostRows = 40

// layers are the figures of what falls to each parameter tensor, largest first where there are more than a figure holds.
func (r *Results) layers(l legend) (all []intervals) {
	for k, m := range r.measurements {
		for _, of := range []struct {
			title string
			value func(sigma.Layer) *float64
		}{
			{"tr Σ by parameter", func(l sigma.Layer) *float64 { return &l.TraceSigma }},
			{"Noise scale by parameter", func(l sigma.Layer) *float64 { return l.NoiseScale }},
		} {
			if f := m.byLayer(of.title, of.value, l, l.measurements+k); len(f.Rows) > 0 {
				all = append(all, f)
			}
		}
	}
	return all
}

func (m *measurement) byLayer(title string, value func(sigma.Layer) *float64, l legend, series int) intervals {
	f := intervals{Title: title + ", " + m.name}
	var chosen []sigma.Layer
	for _, layer := range m.Layers {
		if x := value(layer); x != nil && *x > 0 { // the axis is logarithmic
			chosen = append(chosen, layer)
		}
	}
	if len(chosen) > mostRows {
		f.Note = fmt.Sprintf("The %d largest of %d.", mostRows, len(chosen))
		slices.SortStableFunc(chosen, func(a, b sigma.Layer) int { return cmp.Compare(*value(b), *value(a)) })
		chosen = chosen[:mostRows]
	}
	low, high := math.Inf(1), 0.0
	var kept []report.Interval
	for _, layer := range chosen {
		x := *value(layer)
		low, high = min(low, x), max(high, x)
		kept = append(kept, report.Interval{Mean: x})
		f.Rows = append(f.Rows, span{Name: layer.Name, Text: report.Format(x), Color: l.colors[series], Series: series})
	}
	if len(kept) > 0 {
		f.place(newScale(low, high, 20, width-20, true), kept)
	}
	return f
}

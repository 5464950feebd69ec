package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"drift/bench/report"
)

// table is text in columns, which a script sorts by the numbers behind the cells.
type table struct {
	Title, Note string
	Header      []string
	Rows        [][]cell
}

// cell is what is read and what it is sorted by: Key for numbers, the text for others.
type cell struct {
	Text, Key string
	Number    bool
}

func text(s string) cell { return cell{Text: s} }

// Long reports whether a cell needs the width of several words.
func (c cell) Long() bool { return len(c.Text) > 30 && !c.Number }

func numeral(x float64) cell { return cell{report.Format(x), key(x), true} }

func optional(x *float64) cell {
	if x == nil {
		return cell{Text: "–", Number: true}
	}
	return numeral(*x)
}

func interval(v *report.Interval) cell {
	if v == nil || math.IsNaN(v.Mean) {
		return cell{Text: "–", Number: true}
	}
	return cell{v.String(), key(v.Mean), true}
}

func key(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// prune leaves out the columns, after the first, in which no row has a value.
func (t table) prune() table {
	out := table{Title: t.Title, Note: t.Note, Rows: make([][]cell, len(t.Rows))}
	for k, title := range t.Header {
		empty := k > 0
		for _, row := range t.Rows {
			empty = empty && (row[k].Text == "–" || row[k].Text == "")
		}
		if empty {
			continue
		}
		out.Header = append(out.Header, title)
		for i, row := range t.Rows {
			out.Rows[i] = append(out.Rows[i], row[k])
		}
	}
	return out
}

// tables are those of all results.
func (r *Results) tables() (all []table) {
	if len(r.runs) > 0 {
		all = append(all, r.runTable())
	}
	for _, of := range r.studies {
		all = append(all, of.tables()...)
	}
	for _, c := range r.comparisons {
		if c.study != nil {
			continue
		}
		all = append(all, c.table())
		if s := c.SecondOrder; s != nil {
			rows := [][]cell{{text("drift"), interval(s.Drift)}, {text("diffusion"), interval(s.Diffusion)}, {text("both"), interval(s.Both)}}
			for _, more := range []struct {
				name  string
				share *report.Interval
			}{{"both, around SGD's own mean", s.AroundMean}, {"left around GD's path: odd in the noise", s.LeftOdd}, {"left around GD's path: even in the noise", s.LeftEven},
				{"length of what crossed kinks contribute", s.Kinks}, {"both, of the rest without crossed kinks", s.HeldBoth}} {
				if more.share != nil {
					rows = append(rows, []cell{text(more.name), interval(more.share)})
				}
			}
			all = append(all, table{Title: "SGD and GD after an epoch, " + c.name,
				Note:   "Shares of what separates SGD's mean from GD: what the expansion to second order in the noise explains, and what it leaves; – where that is shorter than its noise.",
				Header: []string{"terms", "share"}, Rows: rows})
		}
	}
	if len(r.measurements) > 0 {
		all = append(all, r.measurementTable())
	}
	for _, m := range r.measurements {
		if len(m.Layers) > 0 {
			all = append(all, m.layerTable())
		}
	}
	for _, v := range r.verifications {
		all = append(all, v.table())
	}
	for i := range all {
		all[i] = all[i].prune()
	}
	return all
}

func (r *Results) runTable() table {
	t := table{Title: "Runs", Note: "The latest value of each number.", Header: []string{"run", "optimizer", "steps", "epochs",
		"train loss", "test loss", "test accuracy", "noise scale", "tr Σ", "seconds"}}
	for _, u := range r.runs {
		steps, _, _ := u.ended()
		t.Rows = append(t.Rows, []cell{text(u.name), text(u.text("optimizer")), numeral(float64(steps)), numeral(u.last("epoch")),
			numeral(u.last("train_loss")), numeral(u.last("test_loss")), numeral(u.last("test_accuracy")),
			numeral(u.last("noise_scale")), numeral(u.last("tr_sigma")), numeral(u.last("seconds"))})
	}
	return t
}

func (c *comparison) table() table {
	t := table{Title: "Comparison " + c.name, Note: "Means over seeds ± 95 % confidence intervals.", Header: []string{"optimizer",
		"test accuracy", "test loss", "train loss", "gap", "example gradients", "seconds", "drift explained",
		"diverged on seeds"}}
	for _, row := range c.Rows {
		cells := []cell{text(row.Optimizer), interval(row.TestAccuracy), interval(row.TestLoss), interval(row.TrainLoss), interval(row.Gap),
			interval(row.ExampleGradients), interval(row.Seconds), interval(row.DriftExplained)}
		t.Rows = append(t.Rows, append(cells, text(strings.Trim(fmt.Sprint(row.Diverged), "[]"))))
	}
	return t
}

func (r *Results) measurementTable() table {
	t := table{Title: "Measurements", Header: []string{"weights", "examples N", "parameters P", "loss", "‖ḡ‖²", "tr Σ", "‖∂tr Σ‖²",
		"noise scale tr Σ/‖ḡ‖²", "with ‖G‖² unbiased", "tr H", "its standard error", "largest eigenvalue of Σ", "of the Hessian"}}
	for _, m := range r.measurements {
		t.Rows = append(t.Rows, []cell{text(m.name), numeral(float64(m.Examples)), numeral(float64(m.Parameters)), numeral(m.Loss), numeral(m.GradNorm2),
			numeral(m.TraceSigma), numeral(m.TraceGradientNorm2), optional(m.NoiseScale), optional(m.NoiseScaleUnbiased),
			optional(m.HessianTrace), optional(m.HessianTraceError), first(m.Eigenvalues), first(m.HessianEigenvalues)})
	}
	return t
}

func (m *measurement) layerTable() table {
	t := table{Title: "Parameters of " + m.name, Note: "Each parameter's share of Σ and of the mean gradient.",
		Header: []string{"parameter", "elements", "tr Σ", "share of tr Σ", "‖ḡ‖²", "noise scale"}}
	for _, l := range m.Layers {
		share := math.NaN()
		if m.TraceSigma > 0 {
			share = l.TraceSigma / m.TraceSigma
		}
		t.Rows = append(t.Rows, []cell{text(l.Name), numeral(float64(l.Elements)), numeral(l.TraceSigma), numeral(share), numeral(l.GradNorm2), optional(l.NoiseScale)})
	}
	return t
}

func first(xs []float64) cell {
	if len(xs) == 0 {
		return optional(nil)
	}
	return numeral(xs[0])
}

func (v *verification) table() table {
	t := table{Title: "Checks " + v.name, Note: "A control is a wrong statement, and passes if it is rejected.",
		Header: []string{"equation", "statement", "predicted", "measured", "relative error", "slope", "claimed", "z", "result"}}
	for _, c := range v.Checks {
		result := "passes"
		if c.Open {
			result = "open"
		} else if !c.Pass {
			result = "FAILS"
		}
		if c.Control {
			result = "control " + result
		}
		t.Rows = append(t.Rows, []cell{text(c.Equation), text(c.Name), optional(c.Predicted), optional(c.Measured), optional(c.RelativeError),
			optional(c.Slope), optional(c.SlopeExpected), optional(c.Z), text(result)})
	}
	return t
}

// Package spectra draws what a measurement found of the eigenvalues of Σ and of the Hessian.
package spectra

import (
	"cmp"
	"math"
	"slices"

	"drift/bench/report"
	"drift/graph/sigma"
)

// negligible is the share of a spectrum that is rounding.
const negligible = 1e-12

// Above is the share of a spectrum that is larger than x, as steps: weights that add up to 1 stand at values, in any order.
func Above(values, weights []float64) (x, share []float64) {
	order := make([]int, len(values))
	rest := 0.0
	for i := range order {
		order[i] = i
		rest += weights[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	for _, i := range order {
		x, share = append(x, values[i]), append(share, rest)
		if rest -= weights[i]; rest < negligible {
			rest = 0
		}
		x, share = append(x, values[i]), append(share, rest)
	}
	return x, share
}

// Figure has a panel for the leading eigenvalues of each operator and for each density; none where the measurement has none.
func Figure(m *sigma.Measurement) report.Figure {
	var f report.Figure
	for _, of := range []struct {
		name    string
		leading []float64
		density *sigma.Density
	}{{"Σ", m.Eigenvalues, m.Density}, {"the Hessian", m.HessianEigenvalues, m.HessianDensity}} {
		if len(of.leading) > 0 {
			f.Panels = append(f.Panels, leading(of.name, of.leading))
		}
		if of.density != nil {
			f.Panels = append(f.Panels, spectrum(of.name, *of.density))
		}
	}
	if m.Overlap != nil {
		f.Panels = append(f.Panels, overlap(m.Overlap))
	}
	return f
}

// Layers has a panel each for tr Σ and for the noise scale of the parameter tensors, in the network's order; none where the measurement has
// none by layer. What is not above 0 is left out.
func Layers(m *sigma.Measurement) report.Figure {
	var f report.Figure
	for _, of := range []struct {
		title, label string
		value        func(sigma.Layer) *float64
	}{
		{"tr Σ by parameter", "tr Σ", func(l sigma.Layer) *float64 { return &l.TraceSigma }},
		{"Noise scale by parameter", "tr Σ/‖ḡ‖²", func(l sigma.Layer) *float64 { return l.NoiseScale }},
	} {
		c := report.Curve{Dots: true}
		for i, l := range m.Layers {
			if x := of.value(l); x != nil && *x > 0 {
				c.X, c.Y = append(c.X, float64(i+1)), append(c.Y, exact(*x))
			}
		}
		if len(c.X) > 0 {
			f.Panels = append(f.Panels, report.Panel{Title: of.title, XLabel: "parameter tensor, in the network's order", YLabel: of.label, LogY: true, Curves: []report.Curve{c}})
		}
	}
	return f
}

// overlap is the share of each of Σ's eigenvectors that lies in the Hessian's leading space.
func overlap(o *sigma.Overlap) report.Panel {
	c := report.Curve{Dots: true}
	for i, share := range o.InHessian() {
		c.X, c.Y = append(c.X, float64(i+1)), append(c.Y, exact(share))
	}
	return report.Panel{Title: "Eigenvectors of Σ in the Hessian's leading space", XLabel: "rank", YLabel: "share", Curves: []report.Curve{c}}
}

func leading(name string, values []float64) report.Panel {
	c := report.Curve{Dots: true}
	for i, x := range values {
		c.X, c.Y = append(c.X, float64(i+1)), append(c.Y, exact(x))
	}
	return report.Panel{Title: "Eigenvalues of " + name, XLabel: "rank", YLabel: "eigenvalue", Curves: []report.Curve{c},
		LogY: slices.Min(values) > 0 && slices.Max(values) > 10*slices.Min(values)}
}

func spectrum(name string, d sigma.Density) report.Panel {
	x, share := Above(d.Values, d.Weights)
	c := report.Curve{X: x}
	for _, s := range share {
		c.Y = append(c.Y, exact(s))
	}
	return report.Panel{Title: "Spectrum of " + name, XLabel: "eigenvalue", YLabel: "share of larger ones", Curves: []report.Curve{c},
		LogX: len(x) > 0 && slices.Min(x) >= 0, LogY: true}
}

func exact(x float64) report.Interval { return report.Interval{Mean: x, CI95: math.NaN()} }

package page

import (
	"slices"

	"drift/bench/spectra"
	"drift/graph/sigma"
)

// spectra are the charts of measurements: leading eigenvalues, and the share of a spectrum above each value.
func (r *Results) spectra(l legend) (charts []*chart) {
	for _, of := range []struct {
		title, note string
		log         bool // where the values are far apart
		values      func(*measurement) []float64
	}{
		{"Eigenvalues of Σ", "The leading ones, in descending order.", true, func(m *measurement) []float64 { return m.Eigenvalues }},
		{"Eigenvalues of the Hessian", "The leading ones, in descending order.", true, func(m *measurement) []float64 { return m.HessianEigenvalues }},
		{"Eigenvectors of Σ in the Hessian's leading space", "The share of each that lies in the span of the same number of eigenvectors of the Hessian.", false, (*measurement).inHessian},
	} {
		c := &chart{Title: of.title, Note: of.note, XLabel: "rank"}
		for k, m := range r.measurements {
			curve := &curve{Series: l.measurements + k, Kind: marks, Y: of.values(m)}
			for i := range curve.Y {
				curve.X = append(curve.X, float64(i+1))
			}
			if len(curve.X) > 0 {
				c.Curves = append(c.Curves, curve)
			}
		}
		if len(c.Curves) > 0 {
			c.LogY = of.log && c.wide()
			charts = append(charts, c)
		}
	}
	for _, of := range []struct {
		title string
		of    func(*measurement) *sigma.Density
	}{
		{"Spectrum of Σ", func(m *measurement) *sigma.Density { return m.Density }},
		{"Spectrum of the Hessian", func(m *measurement) *sigma.Density { return m.HessianDensity }},
	} {
		c := &chart{Title: of.title, Note: "The share of all eigenvalues that are larger, by stochastic quadrature.", XLabel: "eigenvalue"}
		positive := true
		for k, m := range r.measurements {
			if d := of.of(m); d != nil && len(d.Values) > 0 {
				curve := &curve{Series: l.measurements + k, Kind: line}
				curve.X, curve.Y = spectra.Above(d.Values, d.Weights)
				positive = positive && slices.Min(curve.X) >= 0
				c.Curves = append(c.Curves, curve)
			}
		}
		if len(c.Curves) > 0 {
			c.LogX, c.LogY = positive, true
			charts = append(charts, c)
		}
	}
	return charts
}

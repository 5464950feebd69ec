package spectra

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"drift/graph/sigma"
)

// A tenth of the eigenvalues is 4, two tenths are 1, the others 0: the share above falls by each weight at its value.
func TestAboveFallsByEachWeight(t *testing.T) {
	x, share := Above([]float64{4, 0, 1}, []float64{0.1, 0.7, 0.2})
	wantX, want := []float64{0, 0, 1, 1, 4, 4}, []float64{1, 0.3, 0.3, 0.1, 0.1, 0}
	for i := range want {
		if x[i] != wantX[i] || math.Abs(share[i]-want[i]) > 1e-15 { // one rounding a step
			t.Fatalf("%v, %v", x, share)
		}
	}
}

func TestFigureHasAPanelForWhatWasMeasured(t *testing.T) {
	if n := len(Figure(&sigma.Measurement{}).Panels); n != 0 {
		t.Errorf("%d panels of nothing", n)
	}
	f := Figure(&sigma.Measurement{Eigenvalues: []float64{3, 2, 0.1}, HessianEigenvalues: []float64{2, -1},
		Density:        &sigma.Density{Values: []float64{0, 3}, Weights: []float64{0.9, 0.1}},
		HessianDensity: &sigma.Density{Values: []float64{-1, 2}, Weights: []float64{0.5, 0.5}}})
	if len(f.Panels) != 4 || !f.Panels[0].LogY || f.Panels[2].LogY || !f.Panels[1].LogX || f.Panels[3].LogX {
		t.Errorf("%+v", f.Panels)
	}
	var svg, pdf bytes.Buffer
	if err := f.WritePDF(&pdf); err != nil || pdf.Len() == 0 {
		t.Errorf("as PDF: %v", err)
	}
	if err := f.WriteSVG(&svg); err != nil || !strings.Contains(svg.String(), "Spectrum of the Hessian") {
		t.Errorf("%v", err)
	}
}

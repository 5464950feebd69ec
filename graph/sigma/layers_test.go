package sigma

import (
	"math"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
)

// What falls to the parameters adds up to the whole.
func TestLayersAddUp(t *testing.T) {
	f := open(t, networks["conv"], noise(few), chunked, kernels.Float64)
	m, err := Measure(f, f.All(objective.Train), Wanted{Diagonal: true})
	if err != nil {
		t.Fatal(err)
	}
	var trace, norm2 float64
	elements := 0
	for _, l := range m.ByLayer(f.Model.Params()) {
		trace, norm2, elements = trace+l.TraceSigma, norm2+l.GradNorm2, elements+l.Elements
		if math.Abs(*l.NoiseScale*l.GradNorm2-l.TraceSigma) > 1e-12*l.TraceSigma {
			t.Errorf("%s: noise scale %v", l.Name, *l.NoiseScale)
		}
	}
	if math.Abs(trace-m.TraceSigma) > 1e-10*trace || math.Abs(norm2-m.GradNorm2) > 1e-10*norm2 || elements != m.Parameters { // some hundred roundings
		t.Errorf("traces add up to %v of %v, norms to %v of %v, elements to %d", trace, m.TraceSigma, norm2, m.GradNorm2, elements)
	}
	if m, err = Measure(f, f.All(objective.Train), Wanted{}); err != nil || m.ByLayer(f.Model.Params()) != nil {
		t.Errorf("without the diagonal there are layers (%v)", err)
	}
}

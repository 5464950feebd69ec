package report

import (
	"bytes"
	"strings"
	"testing"
)

// Curves whose colour has been there before are told apart by their dashes.
func TestMoreCurvesThanColors(t *testing.T) {
	var p Panel
	for i := range 2*len(palette) + 1 {
		p.Curves = append(p.Curves, Curve{Name: strings.Repeat("i", i+1), X: []float64{0, 1}, Y: []Interval{Mean95([]float64{float64(i)}), Mean95([]float64{float64(i + 1)})}, Color: i})
	}
	var b bytes.Buffer
	if err := (Figure{Panels: []Panel{p}}).WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	looks := map[string]int{}
	for _, part := range strings.Split(b.String(), "<path")[1:] {
		if i := strings.Index(part, `style="`); i >= 0 {
			style, _, _ := strings.Cut(part[i+7:], `"`)
			if strings.Contains(style, "stroke-width:1.8") { // a curve's
				looks[style]++
			}
		}
	}
	if len(looks) != 2*len(palette)+1 {
		t.Errorf("%d curves have %d looks: %v", len(p.Curves), len(looks), looks)
	}
}

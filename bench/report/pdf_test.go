package report

import (
	"bytes"
	"math"
	"testing"
)

// A figure is one page of PDF with its own fonts, the same bytes each time.
func TestPDFIsTheSameEachTime(t *testing.T) {
	f := Figure{Caption: "Σ and ‖ḡ‖²", Panels: []Panel{{Title: "tr Σ", XLabel: "step", YLabel: "η", Curves: []Curve{
		{Name: "a", X: []float64{1, 2, 3}, Y: []Interval{{1, 0.1}, {2, 0.2}, {3, math.NaN()}}}}}}}
	var first []byte
	for range 3 {
		var b bytes.Buffer
		if err := f.WritePDF(&b); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) || bytes.Count(b.Bytes(), []byte("/Type /Page\n")) != 1 {
			t.Fatalf("%.200q is no page of PDF", b.Bytes())
		}
		if first != nil && !bytes.Equal(first, b.Bytes()) {
			t.Fatal("the bytes differ")
		}
		first = b.Bytes()
	}
}

package report

import (
	"bytes"
	"image/color"
	"math"
	"testing"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
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

// What figures are labelled with has an outline in their font, except for a blank.
func TestLettersOfFiguresHaveOutlines(t *testing.T) {
	face := plot.DefaultTextHandler.Cache().Lookup(style(10, color.Black, 0, 0).Font, 10)
	var buffer sfnt.Buffer
	for _, letter := range "aZ0Σηθλμ∂‖ḡ²−±·√∞ " {
		index, err := face.Face.GlyphIndex(&buffer, letter)
		if err != nil {
			t.Fatal(err)
		}
		segments, err := face.Face.LoadGlyph(&buffer, index, fixed.I(unitsPerEm), nil)
		if path := outline(segments, vg.Point{}, 1); err != nil || index == 0 || (len(path) == 0) != (letter == ' ') {
			t.Errorf("%c: glyph %d, %d parts, %v", letter, index, len(path), err)
		}
	}
}

package data

import (
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// segment is a piece of an outline in units of the digit's height, y down, the middle of the digit at the origin.
type segment struct {
	op     sfnt.SegmentOp
	points [3][2]float64
}

// glyphOutlines returns the outlines of the ten digits in every face.
var glyphOutlines = sync.OnceValue(func() [][10][]segment {
	files := [][]byte{
		goregular.TTF, gomedium.TTF, gobold.TTF, goitalic.TTF, gobolditalic.TTF, gomono.TTF, gomonobold.TTF, gomonoitalic.TTF,
	}
	faces := make([][10][]segment, len(files))
	for i, ttf := range files {
		face, err := sfnt.Parse(ttf)
		if err != nil {
			panic("embedded font: " + err.Error())
		}
		for digit := range faces[i] {
			faces[i][digit] = digitOutline(face, rune('0'+digit))
		}
	}
	return faces
})

// digitOutline loads the outline of one character and scales and centres it.
func digitOutline(face *sfnt.Font, r rune) []segment {
	var buf sfnt.Buffer
	index, err := face.GlyphIndex(&buf, r)
	if err != nil {
		panic("embedded font: " + err.Error())
	}
	loaded, err := face.LoadGlyph(&buf, index, fixed.I(int(face.UnitsPerEm())), nil)
	if err != nil {
		panic("embedded font: " + err.Error())
	}
	bounds := loaded.Bounds()
	height := float64(bounds.Max.Y - bounds.Min.Y)
	midX, midY := float64(bounds.Min.X+bounds.Max.X)/2, float64(bounds.Min.Y+bounds.Max.Y)/2
	out := make([]segment, len(loaded))
	for i, s := range loaded {
		out[i].op = s.Op
		for k, a := range s.Args {
			out[i].points[k] = [2]float64{(float64(a.X) - midX) / height, (float64(a.Y) - midY) / height}
		}
	}
	return out
}

package report

import (
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// outlined is a PDF canvas that draws letters as shapes: the library's fonts have no Greek and no signs of mathematics there.
type outlined struct{ *vgpdf.Canvas }

// unitsPerEm is the resolution at which outlines are read.
const unitsPerEm = 2048

func (c outlined) FillString(face font.Face, at vg.Point, text string) {
	var buffer sfnt.Buffer
	scale := face.Font.Size / unitsPerEm / 64
	for _, letter := range text {
		index, err := face.Face.GlyphIndex(&buffer, letter)
		if err != nil {
			continue
		}
		if segments, err := face.Face.LoadGlyph(&buffer, index, fixed.I(unitsPerEm), nil); err == nil {
			c.Fill(outline(segments, at, scale))
		}
		if advance, err := face.Face.GlyphAdvance(&buffer, index, fixed.I(unitsPerEm), 0); err == nil {
			at.X += vg.Length(advance) * scale
		}
	}
}

// outline is a glyph's path. Its y axis points down, the canvas's up.
func outline(segments sfnt.Segments, at vg.Point, scale vg.Length) (path vg.Path) {
	place := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: at.X + vg.Length(p.X)*scale, Y: at.Y - vg.Length(p.Y)*scale}
	}
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(place(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(place(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(place(s.Args[0]), place(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(place(s.Args[0]), place(s.Args[1]), place(s.Args[2]))
		}
	}
	if len(path) > 0 {
		path.Close()
	}
	return path
}

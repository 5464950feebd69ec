package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend is the names of curves with their looks, set in centred lines above the axes, where no curve is.
type legend []legendEntry

type legendEntry struct {
	name string
	look plot.Thumbnailer
	dots bool
}

const (
	lineWidth  = 20 // points, of a line's look
	dotWidth   = 7
	lookGap    = 4  // between a look and its name
	legendStep = 12 // between entries
)

// room is what the look takes, with the gap behind it.
func (e legendEntry) room() vg.Length {
	if e.dots {
		return vg.Points(dotWidth + lookGap)
	}
	return vg.Points(lineWidth + lookGap)
}

func (e legendEntry) width() vg.Length {
	return e.room() + small(color.Black, text.XLeft, text.YCenter).Width(e.name)
}

// wrap breaks the legend into lines no wider than given, one entry at least in each.
func (l legend) wrap(width vg.Length) (lines []legend, widths []vg.Length) {
	for _, e := range l {
		last := len(lines) - 1
		if wide := e.width(); last >= 0 && widths[last]+vg.Points(legendStep)+wide <= width {
			lines[last], widths[last] = append(lines[last], e), widths[last]+vg.Points(legendStep)+wide
		} else {
			lines, widths = append(lines, legend{e}), append(widths, wide)
		}
	}
	return lines, widths
}

func (l legend) lines(width vg.Length) int {
	lines, _ := l.wrap(width)
	return len(lines)
}

// draw sets the lines from the top of a canvas on.
func (l legend) draw(c draw.Canvas) {
	lines, widths := l.wrap(c.Size().X)
	for i, line := range lines {
		at := vg.Point{X: c.Center().X - widths[i]/2, Y: c.Max.Y - vg.Points(lineHeight)*(vg.Length(i)+0.5)}
		for _, e := range line {
			look := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: at.X, Y: at.Y - vg.Points(4)}, Max: vg.Point{X: at.X + e.room() - vg.Points(lookGap), Y: at.Y + vg.Points(4)}}}
			e.look.Thumbnail(&look)
			c.FillText(small(color.Black, text.XLeft, text.YCenter), vg.Point{X: at.X + e.room(), Y: at.Y}, e.name)
			at.X += e.width() + vg.Points(legendStep)
		}
	}
}

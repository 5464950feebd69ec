package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a series of points (X[i], Y[i]). A finite Y[i].CI95 shows as a band around a line and as a bar around a dot.
// Curves of equal Color share a colour, and dots a shape, so that a prediction can stand beside its measurement.
type Curve struct {
	Name   string
	X      []float64
	Y      []Interval
	Color  int  // one of the palette's, in turn, or Gray; beyond the palette lines are dashed, then dotted
	Dots   bool // dots instead of a line
	Dashed bool

	share bool // see Panel
}

// Gray is the Color of what others are compared with.
const Gray = -1

// palette is Okabe and Ito's (2008), distinct to colour-blind readers too, with a brown in place of its yellow, which is faint on white.
var palette = []color.NRGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {140, 86, 75, 255},
}

// turns are the dashes of lines whose colours come for the second time, for the third, and so on.
var turns = [][]vg.Length{{vg.Points(7), vg.Points(3)}, {vg.Points(2), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(2), vg.Points(2)}}

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, square{}, draw.PyramidGlyph{}, draw.TriangleGlyph{}}

// square is a filled square of the size of a circle's.
type square struct{}

func (square) DrawGlyph(c *draw.Canvas, g draw.GlyphStyle, at vg.Point) {
	r := g.Radius * 0.9
	c.SetColor(g.Color)
	c.Fill(vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}.Path())
}

func (c Curve) color() color.NRGBA {
	if c.Color == Gray {
		return color.NRGBA{90, 90, 90, 255}
	}
	return palette[c.Color%len(palette)]
}

// add draws the points, as a line or as dots with bars.
func (c Curve) add(p *plot.Plot, logY bool) (look plot.Thumbnailer, err error) {
	points := make(plotter.XYs, len(c.X))
	for i, x := range c.X {
		points[i] = plotter.XY{X: x, Y: c.Y[i].Mean}
	}
	if c.Dots {
		return c.addDots(p, points, logY)
	}
	return c.addLine(p, points)
}

// addBand draws the confidence intervals of a line, if any.
func (c Curve) addBand(p *plot.Plot, logY bool) error {
	outline := make(plotter.XYs, 2*len(c.X))
	wide := false
	for i, x := range c.X {
		low, high := c.bounds(i, logY)
		wide = wide || high > low
		outline[i], outline[len(outline)-1-i] = plotter.XY{X: x, Y: low}, plotter.XY{X: x, Y: high}
	}
	if c.Dots || !wide {
		return nil
	}
	band, err := plotter.NewPolygon(outline)
	if err != nil {
		return err
	}
	light := c.color()
	light.A = 45
	band.Color, band.LineStyle.Width = light, 0
	p.Add(band)
	return nil
}

func (c Curve) addDots(p *plot.Plot, points plotter.XYs, logY bool) (plot.Thumbnailer, error) {
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return nil, err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: c.color(), Radius: vg.Points(3), Shape: shapes[max(0, c.Color)%len(shapes)]}
	errors := make(plotter.YErrors, len(points))
	for i := range points {
		low, high := c.bounds(i, logY)
		errors[i].Low, errors[i].High = points[i].Y-low, high-points[i].Y
	}
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{points, errors})
	if err != nil {
		return nil, err
	}
	bars.LineStyle.Color, bars.LineStyle.Width = c.color(), vg.Points(1.2)
	p.Add(bars, dots)
	return dots, nil
}

func (c Curve) addLine(p *plot.Plot, points plotter.XYs) (plot.Thumbnailer, error) {
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.LineStyle.Color, line.LineStyle.Width = c.color(), vg.Points(1.8)
	switch turn := c.Color / len(palette); {
	case c.Dashed:
		line.LineStyle.Width = vg.Points(1.3)
		line.LineStyle.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	case turn > 0:
		line.LineStyle.Dashes = turns[(turn-1)%len(turns)]
	}
	p.Add(line)
	return line, nil
}

// bounds are the ends of the confidence interval of point i. On a logarithmic axis the lower end stops at a tenth of the mean.
func (c Curve) bounds(i int, logY bool) (low, high float64) {
	y := c.Y[i]
	if math.IsNaN(y.CI95) || math.IsInf(y.CI95, 0) {
		return y.Mean, y.Mean
	}
	low, high = y.Mean-y.CI95, y.Mean+y.CI95
	if logY {
		low = math.Max(low, y.Mean/10)
	}
	if c.share {
		low, high = math.Max(low, 0), math.Min(high, 1)
	}
	return low, high
}

// visible drops the points that cannot be drawn.
func (c Curve) visible(logX, logY bool) Curve {
	out := c
	out.X, out.Y = nil, nil
	for i, x := range c.X {
		y := c.Y[i].Mean
		bad := math.IsNaN(x+y) || math.IsInf(x+y, 0) || logX && x <= 0 || logY && y <= 0
		if !bad {
			out.X, out.Y = append(out.X, x), append(out.Y, c.Y[i])
		}
	}
	return out
}

package report

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a row of panels.
type Figure struct{ Panels []Panel }

// Panel is one set of axes. On a logarithmic axis, points that are not positive are left out.
type Panel struct {
	Title, XLabel, YLabel string
	LogX, LogY            bool
	Curves                []Curve
}

// Curve is a series of points (X[i], Y[i]). A finite Y[i].CI95 shows as a band around a line and as a bar around a dot.
// Curves of equal Color index share a colour, so that a prediction can stand beside its measurement.
type Curve struct {
	Name   string
	X      []float64
	Y      []Interval
	Color  int
	Dots   bool // dots instead of a line
	Dashed bool
}

// palette is Okabe and Ito's (2008): distinct to colour-blind readers too.
var palette = []color.NRGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {230, 159, 0, 255}, {86, 180, 233, 255}, {70, 70, 70, 255},
}

const (
	panelWidth  = 12 * vg.Centimeter
	panelHeight = 9 * vg.Centimeter
)

// WritePNG draws the figure at 150 dots an inch.
func (f Figure) WritePNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(f.width(), panelHeight), vgimg.UseDPI(150), vgimg.UseBackgroundColor(color.White))
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// WriteSVG draws the figure as vectors.
func (f Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(f.width(), panelHeight)
	if err := f.draw(draw.New(canvas)); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func (f Figure) width() vg.Length { return panelWidth * vg.Length(max(1, len(f.Panels))) }

func (f Figure) draw(c draw.Canvas) error {
	tiles := draw.Tiles{Rows: 1, Cols: len(f.Panels), PadX: 8 * vg.Millimeter, PadTop: 4 * vg.Millimeter, PadBottom: 3 * vg.Millimeter,
		PadLeft: 3 * vg.Millimeter, PadRight: 6 * vg.Millimeter}
	for i, panel := range f.Panels {
		p, err := panel.plot()
		if err != nil {
			return fmt.Errorf("drawing panel %q: %w", panel.Title, err)
		}
		p.Draw(tiles.At(c, i, 0))
	}
	return nil
}

func (p Panel) plot() (*plot.Plot, error) {
	out := plot.New()
	out.Title.Text, out.X.Label.Text, out.Y.Label.Text = p.Title, p.XLabel, p.YLabel
	style(out)
	if p.LogX {
		out.X.Scale, out.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if p.LogY {
		out.Y.Scale, out.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{228}, color.Gray{240}
	out.Add(grid)
	var visible []Curve
	for _, curve := range p.Curves {
		if curve = curve.visible(p.LogX, p.LogY); len(curve.X) > 0 {
			visible = append(visible, curve)
		}
	}
	for _, layer := range []func(Curve) error{ // bands lie below all lines
		func(c Curve) error { return c.addBand(out, p.LogY) },
		func(c Curve) error { return c.add(out, p.LogY) },
	} {
		for _, curve := range visible {
			if err := layer(curve); err != nil {
				return nil, err
			}
		}
	}
	if len(visible) == 0 {
		out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = 1, 10, 1, 10
	}
	if !p.LogX && out.X.Min > 0 && out.X.Min < out.X.Max/4 {
		out.X.Min = 0
	}
	widen(&out.X, p.LogX)
	widen(&out.Y, p.LogY)
	p.placeLegend(out)
	return out, nil
}

// widen gives an axis on which all points are equal a range that its scale can show.
func widen(a *plot.Axis, logarithmic bool) {
	switch {
	case a.Min < a.Max:
	case logarithmic:
		a.Min, a.Max = a.Min/2, a.Max*2
	default:
		a.Min, a.Max = a.Min-1, a.Max+1
	}
}

func style(p *plot.Plot) {
	p.Title.TextStyle.Font.Size, p.Title.Padding = font.Points(12), vg.Points(6)
	p.Title.TextStyle.Font.Variant = "Sans"
	p.Legend.Padding = vg.Points(3)
	p.Legend.TextStyle.Font.Size, p.Legend.TextStyle.Font.Variant = font.Points(9.5), "Sans"
	p.Legend.ThumbnailWidth = vg.Points(22)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size, axis.Label.TextStyle.Font.Variant = font.Points(10.5), "Sans"
		axis.Tick.Label.Font.Size, axis.Tick.Label.Font.Variant = font.Points(9), "Sans"
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = color.Gray{90}, color.Gray{90}
		axis.Padding = vg.Points(4)
	}
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

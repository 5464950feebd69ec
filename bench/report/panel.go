package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panel is one set of axes. On a logarithmic axis, points that are not positive are left out.
type Panel struct {
	Title, XLabel, YLabel string
	LogX, LogY            bool
	Share                 bool // Y lies between 0 and 1, and so does what is drawn of its confidence intervals
	Curves                []Curve
}

// drawn is a panel's axes with what stands above them.
type drawn struct {
	*plot.Plot
	of     Panel
	legend legend
}

// draw sets title, a number of lines of legend, axes and their labels onto a canvas. The labels are not the plot's own, which would
// make room for them where the mean of a logarithmic axis is.
func (d *drawn) draw(c draw.Canvas, lines int) {
	line := vg.Points(lineHeight)
	above := draw.Crop(c, 0, 0, 0, -vg.Points(lineHeight+6))
	axes := draw.Crop(above, line+vg.Points(4), 0, line, -line*vg.Length(lines))
	d.Draw(axes)
	data := d.DataCanvas(axes)
	c.FillText(style(12, color.Black, text.XCenter, text.YTop), vg.Point{X: data.Center().X, Y: c.Max.Y}, d.of.Title)
	c.FillText(style(10.5, color.Black, text.XCenter, text.YBottom), vg.Point{X: data.Center().X, Y: c.Min.Y}, d.of.XLabel)
	upright := style(10.5, color.Black, text.XCenter, text.YTop)
	upright.Rotation = math.Pi / 2
	c.FillText(upright, vg.Point{X: c.Min.X, Y: data.Center().Y}, d.of.YLabel)
	if d.legend.lines(data.Size().X) <= lines {
		above.Min.X, above.Max.X = data.Min.X, data.Max.X
	}
	d.legend.draw(above)
}

// names is those in the legend.
func (p Panel) names() string {
	all := ""
	for _, c := range p.Curves {
		if c.Name != "" {
			all += c.Name + "\n"
		}
	}
	return all
}

func (p Panel) plot() (*drawn, error) {
	out := &drawn{Plot: plot.New(), of: p}
	for _, axis := range []*plot.Axis{&out.X, &out.Y} {
		styleAxis(axis)
	}
	p.scale(out.Plot)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{228}, color.Gray{238}
	out.Add(grid)
	if err := p.addCurves(out); err != nil {
		return nil, err
	}
	if !p.LogX && out.X.Min > 0 && out.X.Min < out.X.Max/4 {
		out.X.Min = 0
	}
	widen(&out.X, p.LogX, p.dotted())
	widen(&out.Y, p.LogY, true)
	return out, nil
}

func (p Panel) scale(out *plot.Plot) {
	out.X.Tick.Marker, out.Y.Tick.Marker = linearTicks{}, linearTicks{}
	if p.LogX {
		out.X.Scale, out.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if p.LogY {
		out.Y.Scale, out.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
}

// addCurves draws bands below all lines.
func (p Panel) addCurves(out *drawn) error {
	var visible []Curve
	for _, curve := range p.Curves {
		curve.share = p.Share
		if curve = curve.visible(p.LogX, p.LogY); len(curve.X) > 0 {
			visible = append(visible, curve)
		}
	}
	for _, curve := range visible {
		if err := curve.addBand(out.Plot, p.LogY); err != nil {
			return err
		}
	}
	for _, curve := range visible {
		look, err := curve.add(out.Plot, p.LogY)
		if err != nil {
			return err
		}
		if curve.Name != "" {
			out.legend = append(out.legend, legendEntry{curve.Name, look, curve.Dots})
		}
	}
	if len(visible) == 0 {
		out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = 1, 10, 1, 10
	}
	return nil
}

func (p Panel) dotted() bool {
	for _, c := range p.Curves {
		if c.Dots {
			return true
		}
	}
	return false
}

// widen gives an axis on which all points are equal a range that its scale can show, and room around its points where asked.
func widen(a *plot.Axis, logarithmic, room bool) {
	const share = 0.04
	switch {
	case a.Min == a.Max && logarithmic:
		a.Min, a.Max = a.Min/2, a.Max*2
	case a.Min == a.Max:
		a.Min, a.Max = a.Min-1, a.Max+1
	case !room:
	case logarithmic:
		factor := math.Pow(a.Max/a.Min, share)
		a.Min, a.Max = a.Min/factor, a.Max*factor
	default:
		more := share * (a.Max - a.Min)
		if a.Min != 0 {
			a.Min -= more
		}
		a.Max += more
	}
}

func styleAxis(a *plot.Axis) {
	a.Tick.Label.Font.Size, a.Tick.Label.Font.Variant = font.Points(9), "Sans"
	a.LineStyle.Color, a.Tick.LineStyle.Color = color.Gray{90}, color.Gray{90}
	a.Tick.Length, a.Padding = vg.Points(5), vg.Points(4)
}

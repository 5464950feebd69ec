package report

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// add draws the points, as a line or as dots with bars.
func (c Curve) add(p *plot.Plot, logY bool) error {
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
	light := palette[c.Color%len(palette)]
	light.A = 45
	band.Color, band.LineStyle.Width = light, 0
	p.Add(band)
	return nil
}

func (c Curve) addDots(p *plot.Plot, points plotter.XYs, logY bool) error {
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: palette[c.Color%len(palette)], Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
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
		return err
	}
	bars.LineStyle.Color, bars.LineStyle.Width = palette[c.Color%len(palette)], vg.Points(1.2)
	p.Add(bars, dots)
	if c.Name != "" {
		p.Legend.Add(c.Name, dots)
	}
	return nil
}

func (c Curve) addLine(p *plot.Plot, points plotter.XYs) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.LineStyle.Color, line.LineStyle.Width = palette[c.Color%len(palette)], vg.Points(1.8)
	if c.Dashed {
		line.LineStyle.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	p.Add(line)
	if c.Name != "" {
		p.Legend.Add(c.Name, line)
	}
	return nil
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
	return low, high
}

// logTicks labels powers of ten; where fewer than two fall into the range, also 2 and 5 times them. Over many decades the powers are all there is.
type logTicks struct{}

func (logTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	from, to := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := max(1, (to-from)/6)
	for e := from; e <= to; e++ {
		for digit := 1; digit < 10; digit++ {
			x := float64(digit) * math.Pow(10, float64(e))
			if x < low*(1-1e-9) || x > high*(1+1e-9) || digit > 1 && every > 1 {
				continue
			}
			tick := plot.Tick{Value: x}
			if digit == 1 && (e-from)%every == 0 || (digit == 2 || digit == 5) && to-from <= 2 {
				tick.Label = strconv.FormatFloat(x, 'g', 3, 64)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

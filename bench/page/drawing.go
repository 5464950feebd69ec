package page

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"drift/bench/report"
)

// The size of a figure, and of the margins for its labels, in its own units.
const (
	width, height                    = 480, 300
	left, right, top, bottom         = 66, 12, 10, 44
	plotRight, plotBottom            = width - right, height - bottom
	dotRadius                float64 = 3
)

// drawing is a chart as SVG.
type drawing struct {
	XTicks, YTicks []tick
	Bands, Lines   []shape
	Dots           []dot
}

type tick struct {
	At    string
	Label string
}

type shape struct {
	Color      int
	Kind       kind
	Path, Name string
}

type dot struct {
	Color int
	X, Y  string
	Name  string
}

// scale maps a range to the page.
type scale struct {
	low, high, from, to float64
	log                 bool
}

func newScale(low, high, from, to float64, log bool) scale {
	switch {
	case low > high:
		low, high = 0, 1
		if log {
			low = 0.1
		}
	case low == high && log:
		low, high = low/2, high*2
	case low == high:
		size := math.Max(math.Abs(low)*0.1, 1e-12)
		low, high = low-size, high+size
	case log:
		margin := math.Pow(high/low, 0.04)
		low, high = low/margin, high*margin
	default:
		margin := (high - low) * 0.04
		low, high = low-margin, high+margin
	}
	return scale{low, high, from, to, log}
}

func (s scale) at(x float64) float64 {
	share := (x - s.low) / (s.high - s.low)
	if s.log {
		share = math.Log(x/s.low) / math.Log(s.high/s.low)
	}
	return s.from + share*(s.to-s.from)
}

func (s scale) ticks() (ticks []tick) {
	var labelled []plot.Tick
	for _, t := range report.Ticks(s.low, s.high, s.log) {
		if t.Label != "" {
			labelled = append(labelled, t)
		}
	}
	for _, t := range labelled {
		ticks = append(ticks, tick{place(s.at(t.Value)), t.Label})
	}
	return ticks
}

// place is a coordinate as SVG has it.
func place(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// shows reports whether a point can be drawn.
func (c *chart) shows(x, y float64) bool {
	bad := math.IsNaN(x+y) || math.IsInf(x+y, 0) || c.LogX && x <= 0 || c.LogY && y <= 0
	return !bad
}

// bounds is the range of all points that are drawn.
func (c *chart) bounds() (x, y [2]float64) {
	x, y = [2]float64{math.Inf(1), math.Inf(-1)}, [2]float64{math.Inf(1), math.Inf(-1)}
	for _, curve := range c.Curves {
		for i := range curve.X {
			for _, value := range [][]float64{curve.Y, curve.Low, curve.High} {
				if len(value) > 0 && c.shows(curve.X[i], value[i]) {
					x[0], x[1] = min(x[0], curve.X[i]), max(x[1], curve.X[i])
					y[0], y[1] = min(y[0], value[i]), max(y[1], value[i])
				}
			}
		}
	}
	return x, y
}

// draw is the chart as it looks without a script.
func (c *chart) draw(l legend) drawing {
	rangeX, rangeY := c.bounds()
	x := newScale(rangeX[0], rangeX[1], left, plotRight, c.LogX)
	y := newScale(rangeY[0], rangeY[1], plotBottom, top, c.LogY)
	d := drawing{XTicks: x.ticks(), YTicks: y.ticks()}
	for _, full := range c.Curves {
		curve := full.thin(drawn)
		name := label(l.names[curve.Series], curve.Name)
		color := l.colors[curve.Series]
		if band := c.band(curve, x, y); band != "" {
			d.Bands = append(d.Bands, shape{color, curve.Kind, band, name})
		}
		path, points := c.path(curve, x, y)
		if curve.Kind == marks || len(points) == 1 {
			for _, p := range points {
				d.Dots = append(d.Dots, dot{color, place(p[0]), place(p[1]), name})
			}
		} else if len(points) > 0 {
			d.Lines = append(d.Lines, shape{color, curve.Kind, path, name})
		}
	}
	return d
}

// label names a curve of a series.
func label(series, curve string) string {
	if curve == "" {
		return series
	}
	return series + ", " + curve
}

func (c *chart) path(curve *curve, x, y scale) (path string, points [][2]float64) {
	var b strings.Builder
	for i := range curve.X {
		if !c.shows(curve.X[i], curve.Y[i]) {
			continue
		}
		p := [2]float64{x.at(curve.X[i]), y.at(curve.Y[i])}
		b.WriteString(map[bool]string{true: "M", false: "L"}[len(points) == 0] + place(p[0]) + " " + place(p[1]))
		points = append(points, p)
	}
	return b.String(), points
}

// band is the outline of the intervals of a curve, or "".
func (c *chart) band(curve *curve, x, y scale) string {
	var up, down []string
	for i := range curve.Low {
		if c.shows(curve.X[i], curve.Low[i]) && c.shows(curve.X[i], curve.High[i]) {
			at := place(x.at(curve.X[i]))
			up = append(up, at+" "+place(y.at(curve.High[i])))
			down = append([]string{at + " " + place(y.at(curve.Low[i]))}, down...)
		}
	}
	if len(up) < 2 {
		return ""
	}
	return "M" + strings.Join(append(up, down...), "L") + "Z"
}

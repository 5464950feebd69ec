package theory

import (
	"math"
	"strings"

	"drift/bench/report"
)

// Slopes draws the error of every statement that claims an order in η beside the slope that it claims, through its largest rate:
// statements about one update, about several, and the wrong ones, which stay above their lines.
func Slopes(checks []Check) report.Figure {
	several := func(c Check) bool { return strings.HasPrefix(c.Equation, "(1") }
	return report.Figure{Panels: []report.Panel{
		slopes("One update", checks, func(c Check) bool { return !c.Control && !several(c) }),
		slopes("Several updates", checks, func(c Check) bool { return !c.Control && several(c) }),
		slopes("Controls: wrong statements", checks, func(c Check) bool { return c.Control }),
	}}
}

func slopes(title string, checks []Check, wanted func(Check) bool) report.Panel {
	p := report.Panel{Title: title, XLabel: "learning rate η", YLabel: "error", LogX: true, LogY: true}
	colors, claimed := map[string]int{}, "claimed slope"
	for _, c := range checks {
		if !math.IsNaN(c.Slope) && wanted(c) {
			p.Curves = append(p.Curves, c.line(claimed), c.curve(colors))
			claimed = ""
		}
	}
	return p
}

// curve is the used points of a check, in the colour and, once, with the name of its equation.
func (c Check) curve(colors map[string]int) report.Curve {
	equation := strings.Fields(c.Equation)[0]
	color, seen := colors[equation]
	if !seen {
		color = len(colors)
		colors[equation] = color
	}
	curve := report.Curve{Color: color, Dots: true}
	if !seen {
		curve.Name = equation
	}
	for _, p := range c.Points {
		if p.Used {
			curve.X, curve.Y = append(curve.X, p.Rate), append(curve.Y, point(p.Error))
		}
	}
	return curve
}

// line has the claimed slope, through the first used point.
func (c Check) line(name string) report.Curve {
	var first, last Point
	for _, p := range c.Points {
		if p.Used && first.Rate == 0 {
			first = p
		}
		if p.Used {
			last = p
		}
	}
	ends := []report.Interval{point(first.Error * math.Pow(last.Rate/first.Rate, c.SlopeExpected)), point(first.Error)}
	return report.Curve{Name: name, X: []float64{last.Rate, first.Rate}, Y: ends, Color: gray, Dashed: true}
}

const gray = 6 // of the report's colours

func point(y float64) report.Interval { return report.Interval{Mean: y, CI95: math.NaN()} }

// Agreement draws what was measured against what was predicted, and for means over random draws their ratio with its confidence interval.
func Agreement(checks []Check) report.Figure {
	size := report.Panel{Title: "Sizes", XLabel: "predicted", YLabel: "measured", LogX: true, LogY: true}
	ratio := report.Panel{Title: "Means over draws", XLabel: "check", YLabel: "measured / predicted"}
	right, wrong := report.Curve{Name: "statements", Dots: true}, report.Curve{Name: "controls", Dots: true, Color: 1}
	means := report.Curve{Name: "95 % interval", Dots: true}
	low, high := math.Inf(1), 0.0
	for _, c := range checks {
		x, y := math.Abs(c.Predicted), math.Abs(c.Measured)
		if c.Predicted == 0 || math.IsNaN(x+y) {
			continue
		}
		to := &right
		if c.Control {
			to = &wrong
		} else if !math.IsNaN(c.Z) {
			means.X = append(means.X, float64(len(means.X)+1))
			means.Y = append(means.Y, report.Interval{Mean: c.Measured / c.Predicted, CI95: 1.96 * math.Abs((c.Measured-c.Predicted)/c.Z/c.Predicted)})
		}
		to.X, to.Y = append(to.X, x), append(to.Y, point(y))
		low, high = min(low, x), max(high, x)
	}
	same := report.Curve{Name: "equal", X: []float64{low, high}, Y: []report.Interval{point(low), point(high)}, Color: gray, Dashed: true}
	one := report.Curve{Name: "equal", X: []float64{0, float64(len(means.X) + 1)}, Y: []report.Interval{point(1), point(1)}, Color: gray, Dashed: true}
	size.Curves, ratio.Curves = []report.Curve{same, right, wrong}, []report.Curve{one, means}
	return report.Figure{Panels: []report.Panel{size, ratio}}
}

package theory

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"drift/bench/report"
)

// Slopes draws the error of every statement that claims an order in η beside the slope that it claims, through its largest rate:
// statements about one update, about several, and the wrong ones, which stay above their lines.
func Slopes(checks []Check) report.Figure {
	several := func(c Check) bool { return strings.HasPrefix(c.Equation, "(1") }
	figure := report.Figure{Panels: []report.Panel{
		slopes("One update", checks, func(c Check) bool { return !c.Amplitude && !c.Control && !several(c) }),
		slopes("Several updates", checks, func(c Check) bool { return !c.Amplitude && !c.Control && several(c) }),
		slopes("Controls: wrong statements", checks, func(c Check) bool { return !c.Amplitude && c.Control }),
	}, Caption: "Error of each statement, a numbered equation or section of Roberts (2021), over learning rates a factor 2 apart"}
	if slices.ContainsFunc(checks, func(c Check) bool { return c.Amplitude }) {
		p := slopes("Beyond leading order, at one η", checks, func(c Check) bool { return c.Amplitude })
		p.XLabel = "amplitude of the noise"
		figure.Panels = append(figure.Panels, p)
	}
	return figure
}

// equations are those of checks that claim a slope, in order; their places are their colours.
func equations(checks []Check) []string {
	var all []string
	for _, c := range checks {
		if e := c.equation(); !math.IsNaN(c.Slope) && !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	number := func(equation string) int { // sections come last
		n, err := strconv.Atoi(strings.FieldsFunc(equation, func(r rune) bool { return r < '0' || r > '9' })[0])
		if err != nil || !strings.HasPrefix(equation, "(") {
			n += 1000
		}
		return n
	}
	slices.SortFunc(all, func(a, b string) int { return number(a) - number(b) })
	return all
}

// equation is the first number that a check goes by.
func (c Check) equation() string { return strings.Fields(c.Equation)[0] }

func slopes(title string, checks []Check, wanted func(Check) bool) report.Panel {
	p := report.Panel{Title: title, XLabel: "learning rate η", YLabel: "error", LogX: true, LogY: true}
	claimed := "claimed slope"
	for color, equation := range equations(checks) {
		name := equation
		for _, c := range checks {
			if !math.IsNaN(c.Slope) && wanted(c) && c.equation() == equation {
				p.Curves = append(p.Curves, c.line(claimed), c.curve(name, color))
				claimed, name = "", ""
			}
		}
	}
	return p
}

// curve is the used points of a check.
func (c Check) curve(name string, color int) report.Curve {
	curve := report.Curve{Name: name, Color: color, Dots: true}
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
	return report.Curve{Name: name, X: []float64{last.Rate, first.Rate}, Y: ends, Color: report.Gray, Dashed: true}
}

func point(y float64) report.Interval { return report.Interval{Mean: y, CI95: math.NaN()} }

// Agreement draws what was measured against what was predicted, and for means over random draws their ratio with its confidence interval.
func Agreement(checks []Check) report.Figure {
	size := report.Panel{Title: "All checks", XLabel: "predicted", YLabel: "measured", LogX: true, LogY: true}
	ratio := report.Panel{Title: "Means over random draws", XLabel: "check, in the order of the table", YLabel: "measured / predicted"}
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
			deviation := math.Abs((c.Measured - c.Predicted) / c.Z / c.Predicted)
			means.Y = append(means.Y, report.Interval{Mean: c.Measured / c.Predicted, CI95: 1.96 * deviation})
		}
		to.X, to.Y = append(to.X, x), append(to.Y, point(y))
		low, high = min(low, x), max(high, x)
	}
	same := report.Curve{Name: "equal", X: []float64{low, high}, Y: []report.Interval{point(low), point(high)}, Color: report.Gray, Dashed: true}
	one := report.Curve{Name: "equal", X: []float64{0, float64(len(means.X) + 1)}, Y: []report.Interval{point(1), point(1)},
		Color: report.Gray, Dashed: true}
	size.Curves, ratio.Curves = []report.Curve{same, right, wrong}, []report.Curve{one, means}
	figure := report.Figure{Panels: []report.Panel{size}}
	if len(means.X) > 0 {
		figure.Panels = append(figure.Panels, ratio)
	}
	return figure
}

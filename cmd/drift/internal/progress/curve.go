package progress

import (
	"math"
	"slices"
	"strings"

	"drift/bench/report"
)

// cells is the width of a curve in a display.
const cells = 16

// curve is a number along a task, short enough to stand beside the bar: "loss █▆▄▃▂▁ 0.31".
type curve struct {
	name   string
	values []float64 // each is the mean of per points, the last of those that have come
	per    int
	open   int // points in the last value
	latest float64
}

// add puts a point at the end. Once the values are twice the cells, pairs of them become one, so that the curve is always of the whole
// task.
func (c *curve) add(x float64) {
	c.latest = x
	if c.per == 0 {
		c.per = 1
	}
	if c.open == c.per || len(c.values) == 0 {
		if len(c.values) == 2*cells {
			for i := range cells {
				c.values[i] = (c.values[2*i] + c.values[2*i+1]) / 2
			}
			c.values, c.per = c.values[:cells], 2*c.per
		}
		c.values, c.open = append(c.values, 0), 0
	}
	last := &c.values[len(c.values)-1]
	c.open++
	*last += (x - *last) / float64(c.open)
}

var levels = []rune("▁▂▃▄▅▆▇█")

// String draws the curve from its least value to its greatest, by their logarithms where the greatest is ten times the least.
func (c *curve) String() string {
	shown := c.values
	if len(shown) > cells {
		shown = nil
		for i := 0; i+1 < len(c.values); i += 2 {
			shown = append(shown, (c.values[i]+c.values[i+1])/2)
		}
		if len(c.values)%2 == 1 {
			shown = append(shown, c.values[len(c.values)-1])
		}
	}
	low, high := slices.Min(shown), slices.Max(shown)
	scale := func(x float64) float64 { return x }
	if low > 0 && high >= 10*low {
		scale = math.Log
	}
	var b strings.Builder
	for _, x := range shown {
		share := 0.0
		if high > low {
			share = (scale(x) - scale(low)) / (scale(high) - scale(low))
		}
		b.WriteRune(levels[max(0, min(len(levels)-1, int(share*float64(len(levels)))))])
	}
	return c.name + " " + b.String() + " " + report.Format(c.latest)
}

// number is the curve without its drawing.
func (c *curve) number() string { return c.name + " " + report.Format(c.latest) }

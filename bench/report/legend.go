package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// placeLegend puts the legend into the corner that the fewest points fall into, the upper right one when in doubt.
func (p Panel) placeLegend(out *plot.Plot) {
	points := map[[2]bool]int{}
	for _, curve := range p.Curves {
		curve = curve.visible(p.LogX, p.LogY)
		for i, x := range curve.X {
			across, up := out.X.Norm(x), out.Y.Norm(curve.Y[i].Mean)
			if (up < 0.35 || up > 0.65) && (across < 0.4 || across > 0.6) {
				points[[2]bool{across < 0.5, up > 0.5}]++
			}
		}
	}
	corner := [2]bool{false, true}
	for _, other := range [][2]bool{{true, true}, {false, false}, {true, false}} {
		if points[other] < points[corner] {
			corner = other
		}
	}
	out.Legend.Left, out.Legend.Top = corner[0], corner[1]
	out.Legend.XOffs, out.Legend.YOffs = vg.Points(-6), vg.Points(6)
	if out.Legend.Left {
		out.Legend.XOffs = vg.Points(6)
	}
	if out.Legend.Top {
		out.Legend.YOffs = vg.Points(-4)
	}
}

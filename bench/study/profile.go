package study

import (
	"math"
	"slices"

	"drift/bench/report"
)

// Profile is the performance profile of Dolan and Moré (2002): for each optimizer, over all targets of all tasks, its cost to reach the target
// over the least of any optimizer. The share of ratios of at most τ, as a function of τ ≥ 1, is drawn. A cost is the median over seeds.
type Profile struct {
	Unit     string         `json:"unit"` // of cost
	Problems []string       `json:"problems"`
	Curves   []ProfileCurve `json:"curves"`
}

// ProfileCurve is an optimizer's ratios, problem by problem; null where the median run missed the target.
type ProfileCurve struct {
	Optimizer string          `json:"optimizer"`
	Ratios    []report.Number `json:"ratios"`
}

// profile is nil without targets. Costs are updates where all budgets are, else gradients of examples.
func (o *Outcome) profile() *Profile {
	p := &Profile{Unit: "updates"}
	for _, t := range o.Tasks {
		if t.Budget.Updates == 0 {
			p.Unit = "example gradients"
		}
	}
	var costs [][]float64 // by problem and optimizer
	for _, t := range o.Tasks {
		for k, target := range t.Targets {
			p.Problems = append(p.Problems, t.Task+": "+target.String())
			var of []float64
			for _, row := range t.Rows {
				cost := row.Targets[k].Gradients.Median
				if p.Unit == "updates" {
					cost = row.Targets[k].Updates.Median
				}
				of = append(of, float64(cost))
			}
			costs = append(costs, of)
		}
	}
	if len(costs) == 0 {
		return nil
	}
	for k, row := range o.Tasks[0].Rows {
		c := ProfileCurve{Optimizer: row.Optimizer}
		for _, of := range costs {
			ratio := math.Inf(1)
			if best := slices.Min(of); !math.IsInf(best, 1) {
				ratio = of[k] / best
			}
			c.Ratios = append(c.Ratios, report.Number(ratio))
		}
		p.Curves = append(p.Curves, c)
	}
	return p
}

// Share is the part of problems solved within τ times the least cost.
func (c ProfileCurve) Share(tau float64) float64 {
	within := 0
	for _, r := range c.Ratios {
		if float64(r) <= tau {
			within++
		}
	}
	return float64(within) / float64(len(c.Ratios))
}

// Figure draws the shares as steps.
func (p *Profile) Figure() report.Figure {
	last := 2.0
	for _, c := range p.Curves {
		for _, r := range c.Ratios {
			if x := float64(r); !notFinite(x) {
				last = max(last, 1.2*x)
			}
		}
	}
	panel := report.Panel{Title: "Performance profile", XLabel: p.Unit + " over the least of any optimizer", YLabel: "share of targets reached", LogX: true, Share: true}
	for k, c := range p.Curves {
		curve := report.Curve{Name: c.Optimizer, Color: k}
		add := func(x float64) {
			curve.X, curve.Y = append(curve.X, x), append(curve.Y, report.Interval{Mean: c.Share(x), CI95: math.NaN()})
		}
		add(1)
		for _, x := range p.steps(c, last) {
			share := c.Share(math.Nextafter(x, 0))
			curve.X, curve.Y = append(curve.X, x), append(curve.Y, report.Interval{Mean: share, CI95: math.NaN()})
			add(x)
		}
		add(last)
		panel.Curves = append(panel.Curves, curve)
	}
	return report.Figure{Panels: []report.Panel{panel}, Caption: "Medians over seeds"}
}

// steps are where an optimizer's share rises, in order.
func (p *Profile) steps(c ProfileCurve, last float64) (at []float64) {
	for _, r := range c.Ratios {
		if x := float64(r); x > 1 && x < last {
			at = append(at, x)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"drift/optim/train"
)

// readDistributions reads the spread of a run's parameters, a line a step.
func (u *run) readDistributions(from io.Reader) error {
	last := -1
	return readLines(from, func(line []byte) error {
		var d train.Distributions
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		if d.Step <= last {
			return fmt.Errorf("step %d comes after step %d", d.Step, last)
		}
		for name, of := range d.Parameters {
			if len(of) != len(train.Quantiles) {
				return fmt.Errorf("%q has %d quantiles, not %d", name, len(of), len(train.Quantiles))
			}
		}
		if d.Parameters == nil {
			return errors.New("it has no parameters")
		}
		last = d.Step
		u.distributions = append(u.distributions, d)
		return nil
	})
}

// mostTensors is how many parameters have charts.
const mostTensors = 24

// distributions are charts of the spread of parameters along runs, of those that have moved apart most at the end.
func (r *Results) distributions() (charts []*chart) {
	width := map[string]float64{}
	for _, u := range r.runs {
		if n := len(u.distributions); n > 0 {
			for name, q := range u.distributions[n-1].Parameters {
				width[name] = max(width[name], q[len(q)-1]-q[0])
			}
		}
	}
	var names []string
	for name := range width {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(width[b], width[a]), cmp.Compare(a, b)) })
	note := "How its values are spread."
	if len(names) > mostTensors {
		note = fmt.Sprintf("How its values are spread: one of the %d widest of %d parameters.", mostTensors, len(names))
		names = names[:mostTensors]
	}
	slices.Sort(names)
	for _, name := range names {
		c := &chart{Title: "Values of " + name, Note: note, XLabel: "steps"}
		for k, u := range r.runs {
			c.Curves = append(c.Curves, u.spread(k, name)...)
		}
		charts = append(charts, c)
	}
	return charts
}

// spread is the curves of a parameter's quantiles.
func (u *run) spread(series int, name string) (curves []*curve) {
	for i := range train.Quantiles {
		c := &curve{Series: series, Name: "25 and 75 %", Kind: dashed}
		switch i {
		case 0, len(train.Quantiles) - 1:
			c.Name, c.Kind = "5 and 95 %", dotted
		case len(train.Quantiles) / 2:
			c.Name, c.Kind = "median", line
		}
		for _, d := range u.distributions {
			if q := d.Parameters[name]; q != nil {
				c.X, c.Y = append(c.X, float64(d.Step)), append(c.Y, q[i])
			}
		}
		if len(c.X) > 0 {
			curves = append(curves, c)
		}
	}
	return curves
}

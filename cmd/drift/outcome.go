package main

import (
	"fmt"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/graph/objective"
	"drift/optim/train"
)

// sampleSize is Options.EvalExamples of a run: auto, all, or the most examples of a part.
type sampleSize int

func (n sampleSize) String() string {
	switch n {
	case train.SampleLarge:
		return "auto"
	case 0:
		return "all"
	}
	return fmt.Sprint(int(n))
}

func (n *sampleSize) flag(flags *pflag.FlagSet, name string) {
	const usage = "most examples of a part that it is evaluated on, at random, drawn from --seed: all, or a number; auto: all of a part of up to 100,000, 10,000 of a larger one"
	cmdline.Add(flags, n, name, train.SampleLarge, usage, "number", parseSampleSize)
}

func parseSampleSize(s string) (sampleSize, error) {
	switch s {
	case "auto":
		return train.SampleLarge, nil
	case "all":
		return 0, nil
	}
	n, err := cmdline.AtLeast(2)(s)
	if err != nil {
		return 0, fmt.Errorf("%w, or all or auto", err)
	}
	return sampleSize(n), nil
}

func outcome(r train.Result, p *problem) *report.Table {
	table := values(r.Values, p)
	if r.EMA != nil {
		for _, row := range values(*r.EMA, p).Rows {
			row[0] += ", averaged weights"
			table.Add(row...)
		}
	}
	if b := r.Best; b != nil {
		for _, row := range values(train.Values{Valid: &b.Valid, Test: b.Test}, p).Rows {
			row[0] += fmt.Sprintf(", best weights (step %d)", b.Step)
			row[1] = "–"
			table.Add(row...)
		}
	}
	rest := make([]string, len(table.Header)-2)
	for _, row := range []struct {
		what string
		x    float64
	}{{"steps", float64(r.Steps)}, {"example gradients", r.ExampleGradients}, {"seconds", r.Seconds}} {
		table.Add(append([]string{row.what, report.Format(row.x)}, rest...)...)
	}
	return table
}

// values is loss and accuracy of the parts, the validation part where there is one.
func values(r train.Values, p *problem) *report.Table {
	table, parts := &report.Table{Header: []string{"", "train", "test"}, Left: 1}, []*objective.Value{&r.Train, r.Test}
	if r.Valid != nil {
		table.Header, parts = append(table.Header, "valid"), append(parts, r.Valid)
	}
	sampled := false
	each := func(what string, of func(objective.Value) string) {
		row := []string{what}
		for _, v := range parts {
			cell := "–"
			if v != nil {
				cell = of(*v)
				sampled = sampled || v.Sample != objective.Sample{}
			}
			row = append(row, cell)
		}
		table.Add(row...)
	}
	each(p.lossTitle(), func(v objective.Value) string { return estimate(v, v.Loss, v.Sample.Loss) })
	if p.Scored() {
		each("accuracy", func(v objective.Value) string { return estimate(v, v.Accuracy, v.Sample.Accuracy) })
	}
	if sampled {
		table.Header[0] = "± 95 %"
		each("random examples", func(v objective.Value) string {
			if v.Sample == (objective.Sample{}) {
				return "all"
			}
			return report.Format(float64(v.Sample.Examples)) + " of " + report.Format(float64(v.Sample.Of))
		})
	}
	return table
}

// estimate is a number of a part, with its 95 % interval where a sample stands for the part.
func estimate(v objective.Value, x, standardError float64) string {
	if v.Sample == (objective.Sample{}) {
		return report.Format(x)
	}
	return report.Interval{Mean: x, CI95: normal95 * standardError}.String()
}

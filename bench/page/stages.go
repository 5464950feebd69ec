package page

// stages are the charts of checks along a run.
func (r *Results) stages(l legend) (charts []*chart) {
	drift := &chart{Title: "Drift of the gap over an epoch", Note: "Along the run that the checks followed.", XLabel: "steps"}
	share := &chart{Title: "Share explained along a run", Note: "How much of the way between SGD and GD over an epoch the regularizer explains.", XLabel: "steps"}
	series := l.stages
	for _, v := range r.verifications {
		if v.Along == nil {
			continue
		}
		for _, f := range []struct {
			into *chart
			name string
			kind kind
			of   func(stage) *float64
		}{
			{drift, "measured", line, func(s stage) *float64 { return s.GapDriftMeasured }},
			{drift, "predicted", dashed, func(s stage) *float64 { return s.GapDriftPredicted }},
			{drift, "of tr Σ", dotted, func(s stage) *float64 { return s.GapDriftTrace }},
			{share, "", line, func(s stage) *float64 { return s.DriftExplained }},
		} {
			c := &curve{Series: series, Name: f.name, Kind: f.kind}
			for _, s := range v.Along.Stages {
				if y := f.of(s); y != nil {
					c.X, c.Y = append(c.X, s.Step), append(c.Y, *y)
				}
			}
			if len(c.X) > 0 {
				f.into.Curves = append(f.into.Curves, c)
			}
		}
		series++
	}
	for _, c := range []*chart{drift, share} {
		if len(c.Curves) > 0 {
			charts = append(charts, c)
		}
	}
	return charts
}

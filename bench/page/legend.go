package page

// legend is the names of all series: runs, then the optimizers of each comparison, then measurements and checks along a run.
type legend struct {
	names        []string
	comparisons  []int // the first series of each
	measurements int   // the first series of them
	stages       int
}

func (r *Results) legend() (l legend) {
	for _, u := range r.runs {
		l.names = append(l.names, u.name)
	}
	for _, c := range r.comparisons {
		l.comparisons = append(l.comparisons, len(l.names))
		for _, row := range c.Rows {
			l.names = append(l.names, r.optimizer(c, row.Optimizer))
		}
	}
	l.measurements = len(l.names)
	for _, m := range r.measurements {
		l.names = append(l.names, m.name)
	}
	l.stages = len(l.names)
	for _, v := range r.verifications {
		if v.Along != nil {
			l.names = append(l.names, v.name)
		}
	}
	return l
}

// optimizer is the name of an optimizer of a comparison, alone where the page shows nothing else.
func (r *Results) optimizer(c *comparison, name string) string {
	if len(r.comparisons) == 1 && len(r.runs) == 0 {
		return name
	}
	return c.name + ": " + name
}

package page

// legend is the names of all series: runs, then the optimizers of each comparison, then measurements and checks along a run.
type legend struct {
	names        []string
	colors       []int // of each: the optimizers of a study have theirs in all its tasks
	comparisons  []int // the first series of each
	measurements int   // the first series of them
	stages       int
}

func (r *Results) legend() (l legend) {
	used := 0
	add := func(name string, color int) {
		l.names, l.colors = append(l.names, name), append(l.colors, color%colors)
		used = max(used, color+1)
	}
	for _, u := range r.runs {
		add(u.name, used)
	}
	for k, c := range r.comparisons {
		begin := used
		if k > 0 && c.study != nil && c.study == r.comparisons[k-1].study {
			begin = used - len(c.Rows)
		}
		l.comparisons = append(l.comparisons, len(l.names))
		for i, row := range c.Rows {
			add(r.optimizer(c, row.Optimizer), begin+i)
		}
	}
	l.measurements = len(l.names)
	for _, m := range r.measurements {
		add(m.name, used)
	}
	l.stages = len(l.names)
	for _, v := range r.verifications {
		if v.Along != nil {
			add(v.name, used)
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

// colors is how many colours there are; more series take them again.
const colors = 8

package graph

import "slices"

// leastSpared: a fourth of what one of two clusters reads must be spared if they are to be one, as values of both are then in memory together.
const leastSpared = 4

// unite makes one of clusters that read the same, or each other's results, as long as nothing else has to be computed between their steps. A step
// joins one cluster only, though what it reads may have been made by two that nothing connected before.
func (p *Plan) unite(all []*cluster, of map[*step]*cluster) []*cluster {
	rank := make(map[*step]int)
	for k, s := range p.steps {
		rank[s] = k
	}
	for k := 0; k < len(all); k++ {
		for {
			var best *cluster
			other, most := 0, 0
			for j, d := range all {
				if j == k || all[k].varies != d.varies || !(all[k].sums || d.sums) || !all[k].meets(d) {
					continue
				}
				if both, spared := all[k].with(d, rank); spared > most && !all[k].leadsTo(d, of) && !d.leadsTo(all[k], of) {
					best, other, most = both, j, spared
				}
			}
			if best == nil {
				break
			}
			for _, s := range best.steps {
				of[s] = best
			}
			all[k] = best
			all = slices.Delete(all, other, other+1)
			if other < k {
				k--
			}
		}
	}
	return all
}

// meets reports clusters of which one reads what the other reads or makes.
func (c *cluster) meets(d *cluster) bool {
	for x := range d.ins {
		if c.ins[x] || c.made[x] {
			return true
		}
	}
	for x := range c.ins {
		if d.made[x] {
			return true
		}
	}
	return false
}

// with is two clusters as one, and how many elements less it reads; nil where that may not be.
func (c *cluster) with(d *cluster, rank map[*step]int) (both *cluster, spared int) {
	both = newCluster(gcd(c.rows, d.rows), c.varies)
	steps := slices.Concat(c.steps, d.steps)
	slices.SortFunc(steps, func(x, y *step) int { return rank[x] - rank[y] })
	for _, s := range steps {
		m, _, _ := s.rowwise()
		if !both.room(m, both.rows) || both.crosses(s, m, both.rows) {
			return nil, 0
		}
		both.add(s, m, both.rows)
	}
	spared = c.reading() + d.reading() - both.reading()
	if spared*leastSpared < min(c.reading(), d.reading()) {
		return nil, 0
	}
	return both, spared
}

// reading is the elements that a cluster reads from memory.
func (c *cluster) reading() (n int) {
	for x := range c.ins {
		n += Size(x)
	}
	return n
}

// leadsTo reports a path from a cluster to another through steps that are in neither.
func (c *cluster) leadsTo(d *cluster, of map[*step]*cluster) bool {
	seen := make(map[*step]bool)
	var visit func(steps []*step) bool
	visit = func(steps []*step) bool {
		var next []*step
		for _, s := range steps {
			for t := range s.before {
				switch {
				case of[t] == c:
					if of[s] != d {
						return true
					}
				case of[t] != d && !seen[t]:
					next = append(next, of[t].all(t)...)
				}
			}
		}
		next = slices.DeleteFunc(next, func(t *step) bool { return seen[t] })
		for _, t := range next {
			seen[t] = true
		}
		return len(next) > 0 && visit(next)
	}
	return visit(d.steps)
}

// all is the steps that run as one with a step: those of its cluster, if it is in one.
func (c *cluster) all(s *step) []*step {
	if c == nil {
		return []*step{s}
	}
	return c.steps
}

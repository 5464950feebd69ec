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
	never := make(map[[2]*cluster]bool) // found before, from either side: what becomes of other clusters only adds paths
	for k := 0; k < len(all); k++ {
		for {
			var best *cluster
			other, most := 0, 0
			for j, d := range all {
				c := all[k]
				if j == k || c.varies != d.varies || !(c.sums || d.sums) || never[[2]*cluster{d, c}] || never[[2]*cluster{c, d}] {
					continue
				}
				both, spared := c.together(d, rank)
				switch {
				case both == nil || spared > most && (c.between(d.steps, of) || d.between(c.steps, of)):
					never[[2]*cluster{c, d}] = true
				case spared > most:
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

// together is two clusters as one, and how many elements less it reads; nil where that may not be.
func (c *cluster) together(d *cluster, rank map[*step]int) (both *cluster, spared int) {
	if !c.meets(d) {
		return nil, 0
	}
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

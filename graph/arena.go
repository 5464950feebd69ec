package graph

import (
	"slices"

	"drift/kernels"
)

// slot is a run of elements in a program's arena.
type slot struct{ offset, size int }

// alignment is the elements that slots are rounded up to, so that each begins on a cache line.
const alignment = 16

// arena hands out slots, always the smallest gap that fits, and grows where none does.
type arena struct {
	gaps []slot // in order of offset, none touching the next
	size int
}

func (a *arena) take(n int) slot {
	n = (n + alignment - 1) / alignment * alignment
	best := -1
	for k, g := range a.gaps {
		if g.size >= n && (best < 0 || g.size < a.gaps[best].size) {
			best = k
		}
	}
	if best >= 0 {
		g := &a.gaps[best]
		s := slot{g.offset, n}
		g.offset, g.size = g.offset+n, g.size-n
		if g.size == 0 {
			a.gaps = slices.Delete(a.gaps, best, best+1)
		}
		return s
	}
	s := slot{a.size, n}
	if last := len(a.gaps) - 1; last >= 0 && a.gaps[last].offset+a.gaps[last].size == a.size { // grow the gap at the end
		s.offset = a.gaps[last].offset
		a.gaps = a.gaps[:last]
	}
	a.size = s.offset + n
	return s
}

func (a *arena) give(s slot) {
	if s.size == 0 {
		return
	}
	k, _ := slices.BinarySearchFunc(a.gaps, s.offset, func(g slot, offset int) int { return g.offset - offset })
	a.gaps = slices.Insert(a.gaps, k, s)
	if k+1 < len(a.gaps) && s.offset+s.size == a.gaps[k+1].offset {
		a.gaps[k].size += a.gaps[k+1].size
		a.gaps = slices.Delete(a.gaps, k+1, k+2)
	}
	if k > 0 && a.gaps[k-1].offset+a.gaps[k-1].size == a.gaps[k].offset {
		a.gaps[k-1].size += a.gaps[k].size
		a.gaps = slices.Delete(a.gaps, k, k+1)
	}
}

// allocate gives a slot to every value that is in no caller's buffer and no constant, for as long as it is read. A fused chain, or program of
// columns, writes over an operand that it is the last to read.
func (p *Plan) allocate(bound map[*Node]bool) {
	p.slots = make(map[*Node]slot)
	var numbers, indices arena
	in := func(n *Node) *arena {
		if DTypeOf(n) == kernels.Int32 {
			return &indices
		}
		return &numbers
	}
	for _, leaf := range p.leaves {
		if !bound[leaf] && !isConstant(leaf) {
			p.slots[leaf] = in(leaf).take(p.room(leaf))
		}
	}
	last := p.lastUses()
	for k, s := range p.steps {
		dying := func(n *Node) bool {
			_, here := p.slots[n]
			return here && last[n] == k
		}
		taken := make(map[*Node]bool)
		for _, n := range s.outs {
			if _, there := p.slots[n]; there || p.home[n] != nil {
				continue // a sum that was begun already, or the caller's buffer
			}
			at := slices.IndexFunc(s.ins, func(x *Node) bool {
				return dying(x) && !taken[x] && Size(x) == Size(n) && p.narrow[x] == p.narrow[n] && s.mayCover(n, x)
			})
			if at >= 0 {
				taken[s.ins[at]] = true
				p.slots[n] = p.slots[s.ins[at]]
			} else {
				p.slots[n] = in(n).take(p.room(n))
			}
		}
		freed := make(map[*Node]bool)
		for _, n := range append(slices.Clone(s.ins), s.outs...) {
			if dying(n) && !taken[n] && !freed[n] {
				freed[n] = true
				in(n).give(p.slots[n])
			}
		}
	}
	p.arena, p.indices = numbers.size, indices.size
}

// lastUses is the last step that reads or writes each value; for leaves and outputs, which last, the number of steps.
func (p *Plan) lastUses() map[*Node]int {
	last := make(map[*Node]int)
	for k, s := range p.steps {
		for _, n := range append(slices.Clone(s.outs), s.ins...) {
			last[n] = k
		}
	}
	for _, leaf := range p.leaves {
		last[leaf] = len(p.steps)
	}
	for _, n := range p.lasts() {
		last[n] = len(p.steps)
	}
	for _, o := range p.outputs {
		last[root(p.results[o])] = len(p.steps)
	}
	return last
}

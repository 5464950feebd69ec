package graph

import (
	"slices"

	"drift/kernels"
)

// Recompute says what a plan may compute again where it is read rather than keep in memory until then: activation checkpointing (Chen, Xu,
// Zhang, Guestrin 2016). Results have the same bits.
type Recompute int

const (
	RecomputeNothing Recompute = iota
	RecomputeCheap             // elementwise functions, norms and reductions, which take little time beside products
	RecomputeAll               // products and convolutions too
)

// mostAgain bounds what is computed again, as a share of all that a plan computes: a forward pass is about a third of a gradient.
const mostAgain = 0.4

// flopBytes is the bytes that are moved in the time of one operation of a product, about, on processors and GPUs.
const flopBytes = 0.125

// Recompute makes a plan need less memory, by computing again what is read next only long after it was computed. It goes on until
// the plan needs no more than limit bytes, or as far as it can. Where that is short, nothing lasts from run to run (Builder.Varying).
func (p *Plan) Recompute(what Recompute, limit int64) {
	if what == RecomputeNothing || p.Bytes() <= limit {
		return
	}
	if p.lasting > 0 {
		p.lasting = 0
		if p.allocate(p.bound); p.Bytes() <= limit {
			return
		}
	}
	r := &recomputer{Plan: p, what: what, updated: make(map[*Node]bool), left: mostAgain * p.cost()}
	for _, u := range p.updates {
		r.updated[u.Leaf] = true
	}
	bytes, best := p.Bytes(), slices.Clone(p.steps)
	for rounds := 0; bytes > limit && r.shorten(); rounds++ {
		if rounds%shortenings > 0 && r.peakBytes() > limit {
			continue
		}
		p.allocate(p.bound)
		if now := p.Bytes(); now < bytes {
			bytes, best = now, slices.Clone(p.steps)
		}
	}
	p.allocate(p.bound)
	if p.Bytes() > bytes { // the last ones were of no use
		p.steps = best
		p.allocate(p.bound)
	}
}

// shortenings is the lives that are shortened between two looks at the memory that is needed.
const shortenings = 8

// cost is the work of all steps, in bytes moved.
func (p *Plan) cost() (sum float64) {
	for _, s := range p.steps {
		sum += p.costOf(s)
	}
	return sum
}

// costOf is the work of a step: the bytes that it moves, and its operations as the bytes that are moved in their time.
func (p *Plan) costOf(s *step) float64 {
	bytes := 0
	for _, n := range append(slices.Clone(s.ins), s.outs...) {
		bytes += p.bytesOf(n)
	}
	return float64(bytes) + flopBytes*kernels.Flops(s.op)
}

// recomputer shortens the lives of values.
type recomputer struct {
	*Plan
	what    Recompute
	updated map[*Node]bool // leaves that change
	left    float64        // work that may still be added

	maker  map[*Node]int   // the step that alone computes a value
	uses   map[*Node][]int // steps that read it, in order
	births map[*Node]int
	last   map[*Node]int
}

// again is a way to shorten the life of a value: steps to run before one that reads it.
type again struct {
	value  *Node
	before int   // the reader, as a step
	steps  []int // that make the value, in order
	cost   float64
}

// shorten computes one value again, that for which memory at the fullest moment is cheapest. It is false where there is none.
func (r *recomputer) shorten() bool {
	r.read()
	full, _ := r.peak()
	var best *again
	worth := 0.0
	for n, uses := range r.uses {
		next, _ := slices.BinarySearch(uses, full)
		born, computed := r.births[n]
		if !computed || r.home[n] != nil || born >= full || next == len(uses) || uses[next] == full || r.last[n] == len(r.steps) {
			continue
		}
		if r.again[n] && next > 0 && (uses[next]-uses[next-1])*longPause < len(r.steps) {
			continue // else the same would be computed for one reader after the other
		}
		a := again{value: n, before: uses[next]}
		if !r.make(n, a.before, &a) || a.cost > r.left {
			continue
		}
		// ties are broken by age, so that a plan is a function of its expression
		if w := float64(r.room(n)) / a.cost; w > worth || w == worth && best != nil && n.ID() < best.value.ID() {
			best, worth = &a, w
		}
	}
	if best == nil {
		return false
	}
	r.left -= best.cost
	r.insert(*best)
	return true
}

// read finds out where values are computed and read.
func (r *recomputer) read() {
	r.maker, r.uses, r.births, r.last = make(map[*Node]int), make(map[*Node][]int), make(map[*Node]int), r.lastUses()
	for k, s := range r.steps {
		for _, n := range s.outs {
			if _, there := r.births[n]; there {
				r.maker[n] = -1 // a sum of several steps
				continue
			}
			r.births[n], r.maker[n] = k, k
		}
		for _, n := range s.ins {
			if uses := r.uses[n]; len(uses) == 0 || uses[len(uses)-1] != k {
				r.uses[n] = append(uses, k)
			}
		}
	}
}

// peak is the step during which most memory is in use, and the elements of it.
func (r *recomputer) peak() (at, elements int) {
	change := make([]int, len(r.steps)+1)
	for n, from := range r.births {
		if r.home[n] == nil {
			change[from] += r.room(n)
			change[min(r.last[n]+1, len(r.steps))] -= r.room(n)
		}
	}
	now := 0
	for k, d := range change[:len(r.steps)] {
		if now += d; now > elements {
			at, elements = k, now
		}
	}
	return at, elements
}

// peakBytes is the memory in use at the fullest moment, which a plan's arena exceeds by its gaps.
func (r *recomputer) peakBytes() int64 {
	r.read()
	_, elements := r.peak()
	return int64(elements) * int64(r.dtype.Size())
}

// make adds the steps that compute a value anew before a step, with those for what they read and is not in memory then.
func (r *recomputer) make(n *Node, before int, a *again) bool {
	k, made := r.maker[n]
	if !made || k < 0 || !r.repeats(r.steps[k]) {
		return false
	}
	if slices.Contains(a.steps, k) {
		return true
	}
	if len(a.steps) >= longestAgain {
		return false
	}
	for _, in := range r.steps[k].ins {
		if in != a.value && r.lives(in, before) {
			continue
		}
		if in == a.value || !r.make(in, before, a) {
			return false
		}
	}
	a.steps = append(a.steps, k)
	a.cost += r.costOf(r.steps[k])
	return true
}

// longPause: a fourth of a plan is the least between two readers of a value for which it is computed a third time.
const longPause = 4

// longestAgain is the most steps that are run again for one value.
const longestAgain = 12

// lives reports a value that is in memory before a step.
func (r *recomputer) lives(n *Node, before int) bool {
	_, computed := r.births[n]
	return !computed || r.last[n] >= before
}

// repeats reports a step that gives the same whenever it is run.
func (r *recomputer) repeats(s *step) bool {
	if s.partial || s.copyTo != nil {
		return false
	}
	if product, is := s.op.(kernels.Gemm); is && product.Beta != 0 {
		return false
	}
	if r.what == RecomputeCheap && multiplies(s.op) {
		return false
	}
	for _, n := range s.outs {
		if r.home[n] != nil || r.maker[n] < 0 {
			return false
		}
	}
	return !slices.ContainsFunc(s.ins, func(n *Node) bool { return r.updated[n] || r.home[n] != nil })
}

// multiplies reports operations that take much time for each byte.
func multiplies(op kernels.Primitive) bool {
	switch op.(type) {
	case kernels.Gemm, kernels.Product, kernels.Attention, kernels.AttentionGradient, kernels.AttentionTangent, kernels.AttentionHVP, kernels.Conv, kernels.Convolved, kernels.ConvSum, kernels.ConvInput, kernels.ConvWeight:
		return true
	}
	return false
}

// insert runs steps again, and lets that step and later ones read what they make.
func (r *recomputer) insert(a again) {
	slices.Sort(a.steps)
	copies := make(map[*Node]*Node)
	var added []*step
	for _, k := range a.steps {
		s := *r.steps[k]
		s.before, s.after = nil, nil
		s.ins, s.outs = renamed(s.ins, copies), nil
		for _, n := range r.steps[k].outs {
			copies[n] = placeholder(n)
			if r.narrow[n] {
				r.narrow[copies[n]] = true
			}
			s.outs = append(s.outs, copies[n])
		}
		for _, n := range s.outs {
			r.made(n)
		}
		added = append(added, &s)
	}
	thin(added, copies[a.value])
	only := map[*Node]*Node{a.value: copies[a.value]}
	for k, s := range r.steps[a.before:] {
		if slices.Contains(s.ins, a.value) {
			changed := *s
			changed.ins = renamed(s.ins, only)
			r.steps[a.before+k] = &changed
		}
	}
	r.steps = slices.Insert(slices.Clone(r.steps), a.before, added...)
}

// thin takes from chains the results that none of the steps reads, save one.
func thin(steps []*step, wanted *Node) {
	read := map[*Node]bool{wanted: true}
	for _, s := range steps {
		for _, n := range s.ins {
			read[n] = true
		}
	}
	for _, s := range steps {
		m, chain := s.op.(kernels.Map)
		if !chain || len(s.outs) == 1 {
			continue
		}
		var outs []*Node
		var results []uint8
		for k, n := range s.outs {
			if read[n] {
				outs, results = append(outs, n), append(results, m.Results[k])
			}
		}
		m.Results = results
		s.outs, s.op = outs, m
	}
}

// renamed replaces nodes that have another name.
func renamed(nodes []*Node, names map[*Node]*Node) []*Node {
	all := slices.Clone(nodes)
	for k, n := range all {
		if other := names[n]; other != nil {
			all[k] = other
		}
	}
	return all
}

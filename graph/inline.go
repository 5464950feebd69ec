package graph

import (
	"slices"

	"drift/kernels"
)

// findUsers lists for every node those that read it, directly or through inline nodes.
func (f *fuser) findUsers() {
	clear(f.users)
	for _, n := range f.order {
		if f.inline[n] {
			continue
		}
		for _, s := range f.reads(n) {
			if !slices.Contains(f.users[s], n) {
				f.users[s] = append(f.users[s], n)
			}
		}
	}
}

// reads is the sources of a node, inline ones replaced by theirs.
func (f *fuser) reads(n *Node) []*Node {
	var all []*Node
	for _, s := range f.sources(n) {
		if f.inline[s] {
			all = append(all, f.reads(s)...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// findInline picks the cheap functions of at most one value and of much smaller ones that are repeated, such as 1 − y², deviations from a
// mean, what a norm makes of them and multiples of a weight for all, that several chains read: each computes them anew, which costs less than
// a trip to memory.
func (f *fuser) findInline() {
	for _, n := range f.order {
		if len(f.users[n]) < 2 || !f.repeatable(n) {
			continue
		}
		var light []*Node // functions of repeated values alone, which come along
		for _, s := range sources(n) {
			if !f.inline[s] && f.repeatable(s) && !slices.ContainsFunc(f.reads(s), unrepeated) {
				light = append(light, s)
				f.inline[s] = true
			}
		}
		reads := slices.DeleteFunc(f.reads(n), repeats)
		f.inline[n] = f.weight(n) <= mostInline && !slices.ContainsFunc(reads, func(s *Node) bool { return s != reads[0] || free(s) })
		if !f.inline[n] {
			for _, s := range light {
				f.inline[s] = false
			}
		}
	}
	f.findUsers()
}

// mostInline bounds the functions that a chain computes anew for one value.
const mostInline = 4

// repeatable reports a function that chains could compute anew.
func (f *fuser) repeatable(n *Node) bool {
	e, ok := familyOf(n).(elementwise)
	return ok && f.wholes[n] == nil && cheap(e.fn) && !f.kept[n] && !slices.ContainsFunc(f.users[n], func(u *Node) bool { return !f.chained(u) })
}

func unrepeated(n *Node) bool { return !repeats(n) }

// repeats reports a value that is read from a much smaller one over and over.
func repeats(n *Node) bool {
	_, is := familyOf(n).(broadcast)
	return is && 8*Size(sources(n)[0]) <= Size(n)
}

// cheap reports functions of a cycle or so.
func cheap(fn kernels.Fn) bool {
	switch fn {
	case kernels.FnAddConst, kernels.FnScale, kernels.FnAbs, kernels.FnSign, kernels.FnSquare, kernels.FnStep, kernels.FnRelu,
		kernels.FnAdd, kernels.FnSub, kernels.FnMul:
		return true
	}
	return false
}

// weight is the functions that a node brings into a chain.
func (f *fuser) weight(n *Node) int {
	w := 1
	for _, s := range sources(n) {
		if _, constant := isFill(s); constant || f.inline[s] {
			w += f.weight(s)
		}
	}
	return w
}

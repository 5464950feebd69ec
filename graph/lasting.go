package graph

import (
	"slices"

	"drift/kernels"
)

// A plan that is told which leaves vary from run to run has two parts: first the steps that depend on none of these, then the others. What the second
// part reads of the first stays in memory, so that a run in which nothing else has changed does the second part alone. So a product with the
// Hessian at one point repeats neither the forward pass nor the backward one, as in JAX's linearize: of the matrix products of 8/3 gradients it does those of 2.
//
// No kernel joins work of both parts, save functions of a cycle or so that are computed where they are read. Results have the same bits as a whole run's.

// findVarying finds the values that depend on what varies: the leaves that were named, and those that the plan itself updates.
func (f *fuser) findVarying(leaves []*Node, updates []Update) {
	if len(leaves) == 0 {
		return
	}
	f.varying = make(map[*Node]bool)
	for _, n := range leaves {
		f.varying[root(n)] = true
	}
	for _, u := range updates {
		f.varying[u.Leaf] = true
	}
	var varies func(n *Node) bool
	varies = func(n *Node) bool {
		known, is := f.varying[n]
		if !is {
			known = slices.ContainsFunc(f.sources(n), varies)
			f.varying[n] = known
		}
		return known
	}
	for _, n := range f.order {
		varies(n)
	}
}

// groupVaries reports a kernel that depends on what varies.
func (f *fuser) groupVaries(g *group) bool {
	return slices.ContainsFunc(g.nodes, func(n *Node) bool { return f.varying[n] })
}

// stepVaries does so for a step.
func (f *fuser) stepVaries(s *step) bool {
	return slices.ContainsFunc(s.nodes, func(n *Node) bool { return f.varying[n] })
}

// repeated reports that a chain which reads a value may compute it: what lasts is computed again by one that varies only where that takes a cycle or so.
func (f *fuser) repeated(n *Node, g *group) bool {
	if f.varying[n] || !f.groupVaries(g) {
		return true
	}
	e, ok := familyOf(n).(elementwise)
	return ok && cheap(e.fn)
}

// divide puts the steps that depend on nothing that varies before the others. What the caller's buffers get is left there by every run, as the caller
// may have written to them.
func (p *Plan) divide() {
	p.lasting = 0
	if len(p.varying) == 0 {
		return
	}
	varies := make(map[*Node]bool)
	for _, n := range p.varying {
		varies[root(n)] = true
	}
	for _, u := range p.updates {
		varies[u.Leaf] = true
	}
	is := func(n *Node) bool { return varies[n] }
	second := make(map[*step]bool)
	for changed := true; changed; { // a sum of several steps varies if the last of them does
		changed = false
		for _, s := range p.steps {
			if second[s] {
				continue
			}
			leaves := slices.ContainsFunc(s.outs, func(n *Node) bool { return p.home[n] != nil })
			if s.copyTo != nil || leaves || slices.ContainsFunc(s.ins, is) || slices.ContainsFunc(s.outs, is) {
				second[s], changed = true, true
				for _, n := range s.outs {
					varies[n] = true
				}
			}
		}
	}
	var first, rest []*step
	for _, s := range p.steps {
		if second[s] {
			rest = append(rest, s)
		} else {
			first = append(first, s)
		}
	}
	p.steps, p.lasting = append(first, rest...), len(first)
}

// lasts is the values of the first part that the second reads.
func (p *Plan) lasts() (values []*Node) {
	made := make(map[*Node]bool)
	for _, s := range p.steps[:p.lasting] {
		for _, n := range s.outs {
			made[n] = true
		}
	}
	for _, s := range p.steps[p.lasting:] {
		for _, n := range s.ins {
			if made[n] {
				values, made[n] = append(values, n), false
			}
		}
	}
	return values
}

// Lasting is the number of kernels that a further run leaves out where only the leaves that vary have changed.
func (p *Plan) Lasting() int { return p.lasting }

// portion is a run of kernels of a program.
type portion struct {
	kernels.Executable
	done  int  // groups of Plan.Stages that it completes; 0: it ends elsewhere
	first bool // it depends on nothing that varies
}

// kept tells whether the results of a program's first part are still what a whole run would make of them.
type kept struct {
	watched  []*kernels.Version // of what the first part reads and of where its results lie; nil where that cannot be told
	versions []uint64           // behind the last run
	valid    bool
}

// watch finds what a program's first part depends on.
func (g *Program) watch() {
	buffers := []kernels.Buffer{g.arena, g.indices}
	for _, s := range g.plan.steps[:g.plan.lasting] {
		for _, n := range s.ins {
			if b := g.leaf(n); b != nil {
				buffers = append(buffers, b)
			}
		}
	}
	k := &g.kept
	for _, b := range buffers {
		v := kernels.VersionOf(b)
		if v == nil {
			k.watched = nil
			return
		}
		if !slices.Contains(k.watched, v) {
			k.watched = append(k.watched, v)
		}
	}
	k.versions = make([]uint64, len(k.watched))
}

// holds reports that nothing has been written to what is watched since the last run.
func (k *kept) holds() bool {
	if !k.valid || k.watched == nil {
		return false
	}
	for i, v := range k.watched {
		if v.Count() != k.versions[i] {
			return false
		}
	}
	return true
}

// remember notes the end of a run.
func (k *kept) remember() {
	for i, v := range k.watched {
		k.versions[i] = v.Count()
	}
	k.valid = true
}

// Forget makes the next run a whole one.
func (g *Program) Forget() { g.kept.valid = false }

// Again is the number of runs that left out the first part so far.
func (g *Program) Again() int { return g.again }

// Varying says which leaves change from run to run while others mostly stay as they are: the vector of a product, say. The program then keeps what depends on
// the others alone, and a run computes it again only where one of their buffers, or the arena, has been written to by anything else
// since the run before. Leaves that vary must have buffers of their own. Without memory for it (Plan.Recompute) every run computes everything.
func (b *Builder) Varying(leaves ...*Node) {
	for _, n := range leaves {
		if leaf := root(n); inputsOf(leaf) != nil {
			misuse("varying: %v is computed, only a leaf can vary", leaf)
		} else if _, bound := b.bind[leaf]; !bound {
			misuse("varying: %s has no buffer of its own", leaf.Name())
		} else {
			b.varying = append(b.varying, leaf)
		}
	}
}

package graph

import (
	"cmp"
	"fmt"
	"slices"

	"drift/kernels"
)

// stage is a run of steps behind which some more groups of leaves hold their new values.
type stage struct {
	until int // steps
	done  int // groups
}

// Stages cuts the plan where groups of updated leaves come to hold their new values, in the order of the groups: what a program leaves
// early can be sent on while it computes the rest (Program.RunStages). It changes no result. Load comes after it.
func (p *Plan) Stages(groups [][]*Node) error {
	end := p.ends()
	p.stages = nil
	until := 0
	for k, group := range groups {
		for _, leaf := range group {
			at, updated := end[root(leaf)]
			if !updated {
				return fmt.Errorf("stages: %s of group %d is not updated", leaf.Name(), k)
			}
			until = max(until, at)
		}
		if last := len(p.stages) - 1; last >= 0 && p.stages[last].until == until {
			p.stages[last].done = k + 1
			continue
		}
		p.stages = append(p.stages, stage{until, k + 1})
	}
	return nil
}

// ends is the number of steps after which each updated leaf holds its new value.
func (p *Plan) ends() map[*Node]int {
	written, copied := make(map[*Node]int), make(map[*Node]int)
	for k, s := range p.steps {
		if s.copyTo != nil {
			copied[s.copyTo] = k + 1
			continue
		}
		for _, n := range s.outs {
			written[n] = k + 1
		}
	}
	end := make(map[*Node]int)
	for _, u := range p.updates {
		if at, there := copied[u.Leaf]; there {
			end[u.Leaf] = at
		} else {
			end[u.Leaf] = written[root(p.results[u.Leaf])]
		}
	}
	return end
}

// cuts is where a program is cut: behind what lasts from run to run, behind every stage, and at its end.
func (p *Plan) cuts() (all []stage) {
	if p.lasting > 0 {
		all = append(all, stage{p.lasting, 0})
	}
	all = append(append(all, p.stages...), stage{len(p.steps), 0})
	slices.SortStableFunc(all, func(a, b stage) int { return cmp.Compare(a.until, b.until) })
	return all
}

// load prepares the calls of every stage, and of what comes behind them.
func (g *Program) load(dev kernels.Device, calls []kernels.Call) error {
	from := 0
	for _, s := range g.plan.cuts() {
		run, err := dev.Load(calls[from:s.until])
		if err != nil {
			for _, r := range g.run {
				r.Close()
			}
			return err
		}
		g.run, from = append(g.run, portion{run, s.done, s.until <= g.plan.lasting && s.done == 0}), s.until
	}
	return nil
}

// RunStages is Run that tells, as soon as a stage's kernels have been given to the device, how many groups of Plan.Stages it completes.
func (g *Program) RunStages(tell func(groups int) error) error {
	if err := g.ready(); err != nil {
		return err
	}
	again := g.kept.holds()
	g.kept.valid = false
	for _, part := range g.run {
		if again && part.first {
			continue
		}
		if err := part.Run(); err != nil {
			return err
		}
		if part.done > 0 {
			if err := tell(part.done); err != nil {
				return err
			}
		}
	}
	if g.kept.remember(); again {
		g.again++
	}
	return nil
}

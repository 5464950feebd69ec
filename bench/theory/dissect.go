package theory

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/floats"

	"drift/graph/objective"
)

// Opposite is where groups of shuffles lead when the noise of every batch has the other sign: descent along 2ḡ − g^B at the parameters that it
// comes to, for displacements [P] from start, each the mean over a group. Half the sum with where the shuffles themselves lead has the terms
// of even order in the noise, half the difference those of odd order.
func (p *Paths) Opposite(ctx context.Context, start []float64, examples []int, groups [][][][]int) ([][]float64, error) {
	whole := make([]float64, len(start))
	return p.ends(ctx, start, groups, func(here []float64, batch []int, into []float64) error {
		if err := p.f.Parameters().Write(here); err != nil {
			return err
		}
		if err := p.at(wholeGradient, examples, nil, whole); err != nil {
			return err
		}
		if err := p.at(batchGradient, batch, nil, into); err != nil {
			return err
		}
		floats.AddScaledTo(into, times(2, whole), -1, into)
		return nil
	}, nil)
}

// HeldSides is where groups of shuffles lead when every unit that has a kink is, for every example, on the side on which it is on the path of
// full-batch descent at that step: what SGD does without the kinks that its noise crosses (objective.CompileHeldGradient). The
// expansion's derivatives are those of the same held network. Without kinks it is SGD.
func (p *Paths) HeldSides(ctx context.Context, start []float64, examples []int, groups [][][][]int) ([][]float64, error) {
	sides := p.vectors[0]
	held, err := p.f.CompileHeldGradient(len(groups[0][0][0]), sides, p.vectors[3])
	if err != nil {
		return nil, fmt.Errorf("preparing gradients with kinks held on their sides: %w", err)
	}
	defer held.Close()
	path := restOf(len(start))
	return p.ends(ctx, start, groups, func(here []float64, batch []int, into []float64) error {
		if err := p.f.Parameters().Write(here); err != nil {
			return err
		}
		if err := sides.Write(plus(start, 1, path.u)); err != nil {
			return err
		}
		if err := held.Run(batch); err != nil {
			return err
		}
		return p.vectors[3].Read(into)
	}, func() error {
		here := plus(start, 1, path.u)
		if err := p.f.Parameters().Write(here); err != nil {
			return err
		}
		if err := p.at(wholeGradient, examples, nil, path.g); err != nil {
			return err
		}
		p.descent.push(path, plus(path.g, p.decay, here))
		return nil
	})
}

// ends follows groups of shuffles side by side by a gradient at here for a batch, and calls next, where given, after each step.
func (p *Paths) ends(ctx context.Context, start []float64, groups [][][][]int, gradient func(here []float64, batch []int, into []float64) error,
	next func() error) (all [][]float64, err error) {
	ways := make([][]motion, len(groups))
	for k, orders := range groups {
		for range orders {
			ways[k] = append(ways[k], restOf(len(start)))
		}
	}
	for t := range groups[0][0] {
		for k, orders := range groups {
			for j, order := range orders {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				x := ways[k][j]
				here := plus(start, 1, x.u)
				if err := gradient(here, order[t], x.g); err != nil {
					return nil, err
				}
				p.descent.push(x, plus(x.g, p.decay, here))
			}
		}
		if next != nil {
			if err := next(); err != nil {
				return nil, err
			}
		}
	}
	for _, way := range ways {
		mean := make([]float64, len(start))
		for _, x := range way {
			floats.AddScaled(mean, 1/float64(len(way)), x.u)
		}
		all = append(all, mean)
	}
	return all, nil
}

// Dissection is what separates where groups of shuffles lead from the expansion of the same groups, in parts.
type Dissection struct {
	Odd, Even Remainder // what the expansion leaves, of odd order in the noise (third and up) and of even order (fourth and up)
	// Crossed is what crossed kinks contribute to where SGD goes, and Held what the expansion leaves without them. Both are nil for a
	// smooth network.
	Crossed, Held Remainder
}

// Dissect follows the groups by Opposite and, where the network has kinks, by HeldSides. ends are displacements from start, full is that of
// full-batch descent, and found is the expansion of the same groups around it.
func (p *Paths) Dissect(ctx context.Context, start []float64, examples []int, groups [][][][]int, ends [][]float64, full []float64, found []Expansion) (d Dissection, err error) {
	opposite, err := p.Opposite(ctx, start, examples, groups)
	if err != nil {
		return d, err
	}
	for k, x := range found {
		d.Odd = append(d.Odd, minus(times(0.5, minus(ends[k], opposite[k])), x.Noise))
		d.Even = append(d.Even, minus(minus(times(0.5, plus(ends[k], 1, opposite[k])), full), x.Both()))
	}
	if kinks, err := p.kinked(examples[:1]); err != nil || !kinks {
		return d, err
	}
	held, err := p.HeldSides(ctx, start, examples, groups)
	if err != nil {
		return d, err
	}
	for k, way := range held {
		d.Crossed = append(d.Crossed, minus(ends[k], way))
	}
	_, _, d.Held = Remainders(held, full, found)
	return d, nil
}

// kinked reports whether the network has units with a kink.
func (p *Paths) kinked(examples []int) (bool, error) {
	var c objective.Crossings
	c, err := p.f.Crossings(examples, p.vectors[0])
	return c.Units > 0, err
}

package compare

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/bench/report"
	"drift/bench/theory"
)

// expanded is some pairs of shuffles with their expansions.
type expanded struct {
	ends          [][]float64        // where SGD leads by each pair, as displacements [P]
	full, centre  []float64          // where GD leads, and the path around SGD's mean
	found, around []theory.Expansion // around these two
	parts         theory.Dissection
	whole         float64 // ‖D‖² for D = ⟨θ_sgd⟩ − θ_gd
}

// expand follows some pairs of shuffles over examples from start in all ways that are compared.
func expand(ctx context.Context, p *theory.Paths, start []float64, examples []int, some []shuffled) (e expanded, err error) {
	groups := make([][][][]int, len(some))
	for k := range some {
		groups[k] = some[k].orders[:]
		e.ends = append(e.ends, some[k].displacement)
	}
	if e.full, e.found, err = p.Run(ctx, start, examples, groups); err != nil {
		return e, err
	}
	p.AroundMean = true
	if e.centre, e.around, err = p.Run(ctx, start, examples, groups); err != nil {
		return e, err
	}
	e.parts, err = p.Dissect(ctx, start, examples, groups, e.ends, e.full, e.found)
	return e, err
}

// judge finds the squared lengths of what is left, as shares of ‖D‖², for a mean displacement of SGD over many shuffles that has a variance.
func (e *expanded) judge(mean []float64, variance float64) *secondOrder {
	apart := minus(mean, e.full)
	e.whole = floats.Dot(apart, apart) - variance
	crossed, _ := e.parts.Crossed.Square()
	held := e.whole + crossed // ‖D − crossed‖²
	for _, c := range e.parts.Crossed {
		held -= 2 * floats.Dot(apart, c) / float64(len(e.parts.Crossed))
	}
	drift, diffusion, both := theory.Remainders(e.ends, e.full, e.found)
	_, _, aroundMean := theory.Remainders(e.ends, e.centre, e.around)
	out := &secondOrder{Pairs: len(e.ends)}
	for part, left := range []theory.Remainder{drift, diffusion, both, aroundMean, e.parts.Odd, e.parts.Even, e.parts.Crossed, e.parts.Held} {
		whole := e.whole
		if part == heldBoth {
			whole = held
		}
		square, deviation := math.NaN(), math.NaN()
		if e.whole > variance && whole > 0 && left != nil { // else noise is all there is
			square, deviation = left.Square()
		}
		*out.Squares.all()[part], *out.Errors.all()[part] = report.Number(square/whole), report.Number(deviation/whole)
	}
	return out
}

// minus is x − y.
func minus(x, y []float64) []float64 { return floats.SubTo(make([]float64, len(x)), x, y) }

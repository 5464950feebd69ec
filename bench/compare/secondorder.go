package compare

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/bench/report"
	"drift/bench/theory"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// SecondOrder is how much of what separates SGD's mean from GD after an epoch the expansion to second order in the noise explains
// (theory.Paths): 1 − ‖D − δ‖/‖D‖ for D = ⟨θ_sgd⟩ − θ_gd and δ the drift carried along GD's path, diffusion, or both.
type SecondOrder struct {
	Drift     report.Interval `json:"drift"`
	Diffusion report.Interval `json:"diffusion"`
	Both      report.Interval `json:"both"`
	// StandardErrors are of one seed's estimates, by the jackknife over pairs of shuffles: they fall as one over the root of the
	// number of pairs.
	StandardErrors shares `json:"standard_errors"`
	Pairs          int    `json:"pairs"`
}

// shares is one number for each part of the expansion.
type shares struct {
	Drift     report.Number `json:"drift"`
	Diffusion report.Number `json:"diffusion"`
	Both      report.Number `json:"both"`
}

func (s *shares) all() []*report.Number { return []*report.Number{&s.Drift, &s.Diffusion, &s.Both} }

// secondOrder is what a seed shows.
type secondOrder struct {
	Shares shares `json:"shares"`
	Errors shares `json:"errors"`
	Pairs  int    `json:"pairs"`
}

// beyond expands some of the shuffles of SGD in their noise. What SGD does in these less what the expansion says of the same ones varies
// little, so that few of them tell what the expansion leaves in the mean; its squared length is the mean of products of different pairs,
// which noise does not lengthen. Where gradients are clipped there is no expansion.
func beyond(ctx context.Context, f *objective.Objective, s optim.SGD, start []float64, sgd *cloud, some []shuffled) (*secondOrder, error) {
	if len(some) < 2 || s.Clip > 0 {
		return nil, nil
	}
	n := f.Examples(objective.Train)
	d := theory.Descent{Rate: s.LearningRate, MomentumWeights: s.MomentumWeights()}
	p, err := theory.NewPaths(f, d, s.WeightDecay, n, s.Batch)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	groups := make([][][][]int, len(some))
	for k := range some {
		groups[k] = some[k].orders[:]
	}
	full, found, err := p.Run(ctx, start, f.All(objective.Train), groups)
	if ctx.Err() != nil {
		return nil, train.ErrInterrupted
	}
	if err != nil {
		return nil, err
	}
	whole := -sgd.variance // ‖D‖²
	for i := range full {
		apart := sgd.mean[i] - start[i] - full[i]
		whole += apart * apart
	}
	out := &secondOrder{Pairs: len(some)}
	for k, left := range remainders(some, full, found) {
		share, deviation := left.explained(whole)
		*out.Shares.all()[k], *out.Errors.all()[k] = report.Number(share), report.Number(deviation)
	}
	return out, nil
}

// remainder is vectors with a common mean.
type remainder [][]float64

// remainders is what drift, diffusion and both leave of where each pair leads.
func remainders(some []shuffled, full []float64, found []theory.Expansion) [3]remainder {
	var all [3]remainder
	for k, x := range found {
		apart := floats.SubTo(make([]float64, len(full)), some[k].displacement, full)
		floats.Sub(apart, x.Noise)
		for i, part := range [][]float64{x.Drift, x.Diffusion, x.Both()} {
			all[i] = append(all[i], floats.SubTo(make([]float64, len(full)), apart, part))
		}
	}
	return all
}

// explained is 1 − ‖mean‖/√whole and its standard error.
func (r remainder) explained(whole float64) (share, deviation float64) {
	n := len(r)
	products, own := make([][]float64, n), make([]float64, n) // own: with all others
	for j := range r {
		products[j] = make([]float64, n)
		for k := range r {
			if k != j {
				products[j][k] = floats.Dot(r[j], r[k])
			}
		}
		own[j] = floats.Sum(products[j])
	}
	sum := floats.Sum(own)
	of := func(sum float64, n int) float64 {
		return 1 - math.Sqrt(math.Max(0, sum/float64(n*(n-1)))/whole)
	}
	share = of(sum, n)
	if !(whole > 0) || n < 3 {
		return share, math.NaN()
	}
	without := make([]float64, n)
	for j := range without {
		without[j] = of(sum-2*own[j], n-1)
	}
	mean := floats.Sum(without) / float64(n)
	for _, x := range without {
		deviation += (x - mean) * (x - mean) * float64(n-1) / float64(n)
	}
	return share, math.Sqrt(deviation)
}

// newSecondOrder is the mean over seeds, or nil where there is none.
func newSecondOrder(bySeed [][]run) *SecondOrder {
	var out SecondOrder
	intervals := []*report.Interval{&out.Drift, &out.Diffusion, &out.Both}
	for part := range intervals {
		var values, squares []float64
		for _, runs := range bySeed {
			for _, r := range runs {
				if s := r.SecondOrder; s != nil && !math.IsNaN(float64(*s.Shares.all()[part])) {
					deviation := float64(*s.Errors.all()[part])
					values, squares = append(values, float64(*s.Shares.all()[part])), append(squares, deviation*deviation)
					out.Pairs = s.Pairs
				}
			}
		}
		if len(values) == 0 {
			return nil
		}
		*intervals[part] = report.Mean95(values)
		*out.StandardErrors.all()[part] = report.Number(math.Sqrt(floats.Sum(squares) / float64(len(squares))))
	}
	return &out
}

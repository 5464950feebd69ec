package compare

import (
	"context"
	"math"
	"slices"

	"drift/bench/report"
	"drift/bench/theory"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// SecondOrder is how much of what separates SGD's mean from GD after an epoch the expansion to second order in the noise explains
// (theory.Paths): 1 − ‖D − δ‖/‖D‖ for D = ⟨θ_sgd⟩ − θ_gd and δ the drift carried along GD's path, diffusion, or both.
type SecondOrder struct {
	Drift     *Share `json:"drift"`
	Diffusion *Share `json:"diffusion"`
	Both      *Share `json:"both"`
	// AroundMean is that of both where the expansion is taken around SGD's own mean instead of GD's path.
	AroundMean *Share `json:"around_mean"`
	// What both leave around GD's path, as shares of ‖D‖: its terms of odd order in the noise, from the third on, and of even order, from
	// the fourth on.
	LeftOdd  *Share `json:"left_odd"`
	LeftEven *Share `json:"left_even"`
	// Kinks is the length of what crossed kinks contribute to D, as a share of ‖D‖, and HeldBoth what both explain of the rest, which
	// SGD does with units held on the sides that they are on along GD's path. Nil for a smooth network.
	Kinks    *Share `json:"kinks,omitempty"`
	HeldBoth *Share `json:"held_both,omitempty"`
	// StandardErrors are of one seed's estimates, by the jackknife over pairs of shuffles: they fall as one over the root of the
	// number of pairs.
	StandardErrors shares `json:"standard_errors"`
	Pairs          int    `json:"pairs"`
	// Validity is the mean over seeds, and Precision that of the first.
	Validity  Validity  `json:"validity"`
	Precision Precision `json:"pairs_for_a_tenth"`
}

// heldBoth is the place of HeldBoth among the parts, the only one that is a share of another vector than D.
const heldBoth = 7

// shares is one number for each part of the expansion.
type shares struct {
	Drift      report.Number `json:"drift"`
	Diffusion  report.Number `json:"diffusion"`
	Both       report.Number `json:"both"`
	AroundMean report.Number `json:"around_mean"`
	LeftOdd    report.Number `json:"left_odd"`
	LeftEven   report.Number `json:"left_even"`
	Kinks      report.Number `json:"kinks"`
	HeldBoth   report.Number `json:"held_both"`
}

func (s *shares) all() []*report.Number {
	return []*report.Number{&s.Drift, &s.Diffusion, &s.Both, &s.AroundMean, &s.LeftOdd, &s.LeftEven, &s.Kinks, &s.HeldBoth}
}

// secondOrder is what a seed shows.
type secondOrder struct {
	// Squares are ‖what is left‖²/‖D‖², negative where noise exceeds it, and Errors their standard errors.
	Squares shares `json:"squares"`
	Errors  shares `json:"square_errors"`
	Pairs   int    `json:"pairs"`
	// Validity and Precision are of this seed.
	Validity  Validity  `json:"validity"`
	Precision Precision `json:"pairs_for_a_tenth"`
}

// beyond expands some of the shuffles of SGD in their noise. What SGD does in these less what the expansion says of the same ones varies
// little, so that few of them tell what the expansion leaves in the mean; its squared length is the mean of products of different pairs,
// which noise does not lengthen. Where gradients are clipped there is no expansion.
func beyond(ctx context.Context, f *objective.Objective, s optim.SGD, start []float64, sgd *cloud, pairs int, some []shuffled) (*secondOrder, error) {
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
	e, err := expand(ctx, p, start, f.All(objective.Train), some)
	if ctx.Err() != nil {
		return nil, train.ErrInterrupted
	}
	if err != nil {
		return nil, err
	}
	out := e.judge(minus(sgd.mean, start), sgd.variance)
	out.Precision = newPrecision(e.found, sgd, pairs, e.whole)
	out.Validity, err = newValidity(f, s, start, some[0].orders[0][0])
	return out, err
}

// newSecondOrder is the mean over seeds, or nil where there is none.
func newSecondOrder(bySeed [][]run) *SecondOrder {
	var out SecondOrder
	for part, share := range []**Share{&out.Drift, &out.Diffusion, &out.Both, &out.AroundMean, &out.LeftOdd, &out.LeftEven, &out.Kinks, &out.HeldBoth} {
		var squares, deviations []float64
		var variance float64
		for _, runs := range bySeed {
			for _, r := range runs {
				s := r.SecondOrder
				if s == nil || math.IsNaN(float64(*s.Squares.all()[part])) {
					continue
				}
				square, deviation := float64(*s.Squares.all()[part]), float64(*s.Errors.all()[part])
				squares, deviations = append(squares, square), append(deviations, deviation)
				variance += deviation * deviation / (4 * square) // of the root
				out.Pairs = s.Pairs
			}
		}
		*share = newShare(squares, deviations, part > 3 && part != heldBoth)
		*out.StandardErrors.all()[part] = report.Number(math.NaN())
		if (*share).Known() {
			*out.StandardErrors.all()[part] = report.Number(math.Sqrt(variance / float64(len(squares))))
		}
	}
	if !out.Both.Measured() {
		return nil
	}
	if !out.Kinks.Measured() {
		out.Kinks, out.HeldBoth = nil, nil
	}
	out.Validity, out.Precision = validityOf(bySeed)
	return &out
}

// parts are all shares, nil for those that the network has not.
func (s *SecondOrder) parts() []*Share {
	return []*Share{s.Drift, s.Diffusion, s.Both, s.AroundMean, s.LeftOdd, s.LeftEven, s.Kinks, s.HeldBoth}
}

// Unresolved reports whether some share is not told from noise.
func (s *SecondOrder) Unresolved() bool {
	return slices.ContainsFunc(s.parts(), func(x *Share) bool { return x != nil && x.Measured() && !x.Known() })
}

// validityOf is the mean over seeds, and the precision of the first.
func validityOf(bySeed [][]run) (mean Validity, first Precision) {
	n := 0.0
	for _, runs := range bySeed {
		for _, r := range runs {
			if s := r.SecondOrder; s != nil {
				if n++; n == 1 {
					first = s.Precision
				}
				mean.Curvature += s.Validity.Curvature
				mean.Crossed += s.Validity.Crossed
			}
		}
	}
	mean.Curvature /= report.Number(n)
	mean.Crossed /= report.Number(n)
	return mean, first
}

package theory

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Course is how a training run descends: its momentum rule, and what the theory has to know besides. Rates are those of its legs.
type Course struct {
	Descent
	WeightDecay  float64
	Batch        int // examples an update
	ShufflePairs int // of opposite shuffles, over which SGD is averaged; at least 2
	Paths        int // of these pairs in each half, how many are expanded in their noise
}

// Leg is an epoch of a run: the parameters and learning rates at some steps from its first to its last.
type Leg struct {
	Steps []int
	Rates []float64
	Theta [][]float64
}

// Stage is what a leg shows. Numbers that do not apply are NaN.
type Stage struct {
	Step                int
	Rate                float64
	TrainLoss, TestLoss float64
	Square              float64 // ‖ḡ‖²
	Trace               float64 // tr Σ
	TraceGradient       float64 // ‖∂tr Σ‖
	// The drift of the gap over the epoch: η ḡ·(ḡ − G_test) summed along the run, its part η tr Σ/N, and what it was.
	GapPredicted, GapOwn, GapMeasured float64
	// GD − ⟨SGD⟩ over an epoch from here: the length of K (η²/2N) ∂tr Σ, and the component along it of what shuffles do.
	DriftPredicted, DriftMeasured float64
	// Explained is 1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ over that epoch, with squares from two independent halves of the shuffles.
	Explained float64
	// Shares is how much of the same distance the expansion to second order in the noise explains, with its standard error for both.
	Shares Shares
	// Crossed is the share of pairs of an example and a unit with a kink that change side in one update of SGD from here, on the first of
	// a shuffle's batches, and in the whole epoch of the run; NaN for smooth networks.
	Crossed Crossed
	// Limit is the learning rate at which the terms of order η² in an epoch's displacement are as long as those of order η.
	Limit float64
}

// Shares is how much of ⟨SGD⟩ − GD the parts of the expansion to second order in the noise explain. Numbers that do not apply are NaN.
type Shares struct {
	Drift, Diffusion, Both float64
	AroundMean             float64 // of both, where the expansion is around SGD's own mean
	Deviation              float64 // standard error of Both
}

// Crossed is the share of sides of kinks that change in an update and in an epoch.
type Crossed struct{ Update, Epoch float64 }

// TooLarge tells whether the learning rate is beyond what an expansion in it can describe.
func (s Stage) TooLarge() bool { return s.Rate > s.Limit }

// Along finds what a leg of a run shows about the theory, and leaves the world at the leg's beginning.
func (w *World) Along(c Course, leg Leg, seed uint64) (Stage, error) {
	w.MoveTo(leg.Theta[0])
	s := Stage{Step: leg.Steps[0], Rate: leg.Rates[0], TrainLoss: w.Loss(w.Train, nil), TestLoss: w.Loss(w.Test, nil)}
	mean, trace, gradient := w.Covariance(w.Train, nil)
	s.Square, s.Trace, s.TraceGradient = floats.Dot(mean, mean), trace, floats.Norm(gradient, 2)
	end := minus(leg.Theta[len(leg.Theta)-1], leg.Theta[0])
	s.GapMeasured = w.Loss(w.Test, end) - s.TestLoss - w.Loss(w.Train, end) + s.TrainLoss
	s.GapPredicted, s.GapOwn = w.gapAlong(c, leg)
	c.Rate = s.Rate
	s.Crossed.Epoch = w.crossed(w.Train, end)
	first := shuffled(stream(seed, fmt.Sprintf("kinks %d", s.Step)), w.Train, max(1, len(w.Train)/c.Batch))[0]
	s.Crossed.Update = w.crossed(w.Train, times(-s.Rate, w.Gradient(first, nil)))
	w.displacement(c, &s, mean, gradient, seed)
	return s, w.Err()
}

// gapAlong integrates the drift of the gap along a leg by the trapezoidal rule over its steps. Momentum μ makes a gradient count
// 1/(1−μ) times in the end; in a run's first epoch nothing is left of earlier ones, and the last have not counted in full.
func (w *World) gapAlong(c Course, leg Leg) (whole, own float64) {
	gain := 1 / (1 - c.Mu)
	if m := leg.Steps[len(leg.Steps)-1]; leg.Steps[0] == 0 {
		gain = c.Updates(m) / float64(m)
	}
	for k := range leg.Steps {
		u := minus(leg.Theta[k], leg.Theta[0])
		mean, trace, _ := w.Covariance(w.Train, u)
		direction := plus(mean, c.WeightDecay, leg.Theta[k])
		steps := 0.0
		if k > 0 {
			steps += float64(leg.Steps[k]-leg.Steps[k-1]) / 2
		}
		if k+1 < len(leg.Steps) {
			steps += float64(leg.Steps[k+1]-leg.Steps[k]) / 2
		}
		length := steps * leg.Rates[k] * gain
		whole += length * floats.Dot(direction, minus(mean, w.Gradient(w.Test, u)))
		own += length * trace / float64(len(w.Train))
	}
	return whole, own
}

// displacement compares what GD, regularized GD and shuffles of SGD do in an epoch without weight decay.
func (w *World) displacement(c Course, s *Stage, mean, gradient []float64, seed uint64) {
	m := len(w.Train) / c.Batch
	all := w.Train[:m*c.Batch]
	turn := floats.Norm(w.HVP(w.Train, nil, mean), 2) / floats.Norm(mean, 2)
	s.Limit = c.Updates(max(m, 2)) / (c.Pairs(max(m, 2)) * turn)
	nan := math.NaN()
	s.DriftPredicted, s.DriftMeasured, s.Explained, s.Shares = nan, nan, nan, Shares{nan, nan, nan, nan, nan}
	if m < 2 {
		return
	}
	predicted := times(c.Pairs(m)*c.Rate*c.Rate/float64(2*len(all)), gradient)
	full, start := w.Full(c.Descent, all, m), w.Gradient(all, nil)
	penalized := c.Descent
	penalized.Lambda = emulation(c.Descent, len(all), m).Coefficient(c.Rate)
	regularized := minus(full, w.Full(penalized, all, m))
	r := stream(seed, fmt.Sprintf("along %d", s.Step))
	var drift [2][]float64
	var some [][][][]int
	for half := range drift {
		drift[half] = make([]float64, w.Parameters())
		for k := range max(1, c.ShufflePairs/2) {
			deal := shuffled(r, all, m)
			orders := [][][]int{deal, reversed(deal)}
			for _, order := range orders {
				floats.AddScaled(drift[half], 0.5/float64(max(1, c.ShufflePairs/2)), w.second(c.Descent, order, full, start))
			}
			if k < c.Paths {
				some = append(some, orders)
			}
		}
	}
	s.DriftPredicted = floats.Norm(predicted, 2)
	s.DriftMeasured = floats.Dot(plus(drift[0], 1, drift[1]), predicted) / (2 * s.DriftPredicted)
	left := floats.Dot(minus(drift[0], regularized), minus(drift[1], regularized))
	whole := floats.Dot(drift[0], drift[1])
	s.Explained = 1 - math.Sqrt(max(0, left)/whole)
	if len(some) > 1 {
		s.Shares = w.expand(c.Descent, all, some, whole)
	}
}

// expand is what the expansion in the noise of some pairs of shuffles explains of a distance, whose square is given.
func (w *World) expand(d Descent, examples []int, pairs [][][][]int, whole float64) (s Shares) {
	ends := make([][]float64, len(pairs))
	for k, orders := range pairs {
		ends[k] = make([]float64, w.Parameters())
		for _, order := range orders {
			floats.AddScaled(ends[k], 1/float64(len(orders)), w.Follow(d, order))
		}
	}
	if w.err != nil {
		return s
	}
	p, err := NewPaths(w.f, d, 0, len(examples), len(pairs[0][0][0]))
	if err != nil {
		w.fail(err)
		return s
	}
	defer p.Close()
	full, found, err := p.Run(w.ctx, w.origin, examples, pairs)
	if err != nil {
		w.fail(err)
		return s
	}
	drift, diffusion, both := Remainders(ends, full, found)
	s.Drift, _ = drift.Explained(whole)
	s.Diffusion, _ = diffusion.Explained(whole)
	s.Both, s.Deviation = both.Explained(whole)
	p.AroundMean = true
	if full, found, err = p.Run(w.ctx, w.origin, examples, pairs); err != nil {
		w.fail(err)
		return s
	}
	_, _, both = Remainders(ends, full, found)
	s.AroundMean, _ = both.Explained(whole)
	return s
}

// Local repeats at the world's parameters the checks of one and two updates, under names that begin with a place.
func Local(w *World, o Options, place string) ([]Check, error) {
	o.Batches, o.Momenta = []int{2}, []float64{}
	l, err := newLab(w, o)
	if err != nil {
		return nil, err
	}
	var checks []Check
	for _, run := range []func() []Check{l.change, l.single, l.halves, l.two, l.regularized} {
		for _, c := range run() {
			c.Name = place + ": " + c.Name
			checks = append(checks, c)
		}
	}
	return checks, l.Err()
}

// Trend is what the stages of a run show together.
type Trend struct {
	Slope     float64 // of measured in predicted drift of the gap, by least squares
	R2        float64 // share of the measured drift's variance that the line explains
	Growth    float64 // largest ‖∂tr Σ‖ over the first
	Explained float64 // mean over the stages where it applies
	Both      float64 // mean of what the expansion in the noise explains, over the stages where it applies
	TooLarge  int     // stages at which η is too large for an expansion
}

// NewTrend sums stages up.
func NewTrend(stages []Stage) Trend {
	var x, y, explained, both []float64
	t := Trend{Slope: math.NaN(), R2: math.NaN(), Explained: math.NaN(), Both: math.NaN()}
	for _, s := range stages {
		x, y = append(x, s.GapPredicted), append(y, s.GapMeasured)
		t.Growth = max(t.Growth, s.TraceGradient/stages[0].TraceGradient)
		if !math.IsNaN(s.Explained) {
			explained = append(explained, s.Explained)
		}
		if !math.IsNaN(s.Shares.Both) {
			both = append(both, s.Shares.Both)
		}
		if s.TooLarge() {
			t.TooLarge++
		}
	}
	if len(x) > 2 {
		intercept, slope := stat.LinearRegression(x, y, nil, false)
		t.Slope, t.R2 = slope, stat.RSquared(x, y, nil, intercept, slope)
	}
	if len(explained) > 0 {
		t.Explained = stat.Mean(explained, nil)
	}
	if len(both) > 0 {
		t.Both = stat.Mean(both, nil)
	}
	return t
}

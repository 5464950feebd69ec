package train

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/kernels"
)

const (
	probeValues = 3   // eigenvalues of Σ
	noiseMemory = 0.9 // of the running means in the noise scale
)

// measure adds what is found after a step to the numbers of the log. On samples of any size their means are the true values, save
// for the noise scale, which is a ratio, and for the eigenvalues, which a small sample spreads. The ratio is of running means, as
// McCandlish et al. (2018) have it: that of a sample would scatter about a wrong value, and often have no positive denominator.
func (p *probe) measure(step int, numbers map[string]float64) error {
	chosen := p.draw(objective.Train, uint64(step), p.budget.sample)
	s, err := p.statistics(chosen)
	if err != nil {
		return err
	}
	numbers["sampled"], numbers["tr_sigma"], numbers["expected_grad_norm2"] = float64(len(chosen)), s.trace, s.square
	for i, x := range []float64{s.trace, s.square} {
		p.running[i] = noiseMemory*p.running[i] + (1-noiseMemory)*x
	}
	if p.running[1] > 0 {
		numbers["noise_scale"] = p.running[0] / p.running[1]
	}
	values, err := spectrum(s.gram, min(probeValues, p.f.NumParams()), p.f.DType())
	if err != nil {
		return err
	}
	for k, value := range values {
		numbers[fmt.Sprintf("sigma_eigenvalue_%d", k+1)] = value
	}
	if p.batch > 0 {
		s.tests(p.batch, numbers)
	}
	if err := p.motion.measure(chosen, numbers); err != nil {
		return err
	}
	if half := len(chosen) / 2; half > 1 {
		if numbers["grad_tr_sigma_norm2"], err = p.slopes(chosen[:half], chosen[half:2*half]); err != nil {
			return err
		}
	}
	if len(p.fixed[objective.Test]) == 0 {
		return nil
	}
	return p.generalization(s, numbers)
}

// sampleStatistics is what one pass over a sample and the fixed test examples shows.
type sampleStatistics struct {
	gram     *mat.SymDense // of the gradients' deviations in the sample
	trace    float64       // tr Σ
	square   float64       // ‖G‖²
	across   float64       // G·G_test
	variance float64       // of g_n·G
	test     float64       // loss of the fixed test examples
}

func (p *probe) statistics(chosen []int) (s sampleStatistics, err error) {
	fixed := p.fixed[objective.Test]
	n, all := len(chosen), len(chosen)+len(fixed)
	if err := p.sample.Run(slices.Concat(chosen, fixed)); err != nil {
		return s, err
	}
	if err := p.sample.Numbers(); err != nil {
		return s, err
	}
	s.gram = mat.NewSymDense(n, nil)
	for i := range n {
		row := p.gram.Values[i*all : (i+1)*all]
		copy(s.gram.RawSymmetric().Data[i*n:], row[:n])
		s.across += floats.Sum(row[n:]) / float64(n*max(1, len(fixed)))
	}
	ours, theirs := stat.Mean(p.along.Values[:n], nil), 0.
	if len(fixed) > 0 {
		theirs = stat.Mean(p.along.Values[n:], nil)
	}
	s.trace, s.square = moments(s.gram)
	s.variance = varianceAlong(s.gram, p.along.Values[:n])
	s.square += 2*ours + p.center.Value
	s.across += ours + theirs + p.center.Value
	s.test = floats.Sum(p.losses.Values[n:]) / float64(max(1, len(fixed)))
	return s, nil
}

// moments are tr Σ = (Σ_n ‖g_n‖² − N‖ḡ‖²)/(N−1) and the mean of g_n·g_k over pairs n ≠ k, which is ‖ḡ‖² − tr Σ/N: ‖G‖²
// without the share of the sample's noise.
func moments(gram *mat.SymDense) (trace, square float64) {
	n := gram.SymmetricDim()
	var own, pairs float64
	for i := range n {
		own += gram.At(i, i)
		for j := range i {
			pairs += 2 * gram.At(i, j)
		}
	}
	square = pairs / float64(n*(n-1))
	return own/float64(n) - square, square
}

// spectrum is the leading eigenvalues of Σ, at most n, 0 where they are rounding noise of the type of the gradients.
func spectrum(gram *mat.SymDense, most int, dtype kernels.DType) ([]float64, error) {
	n := gram.SymmetricDim()
	size := mat.Trace(gram)
	sigma.Centre(gram)
	var e mat.EigenSym
	if !e.Factorize(gram, false) {
		return nil, fmt.Errorf("the eigenvalues of Σ over %d examples were not found: %w", n, ErrNotFinite)
	}
	var leading []float64
	for k := range min(most, n-1) {
		leading = append(leading, sigma.Resolved(e.RawValues()[n-1-k], size, dtype)/float64(n-1))
	}
	return leading, nil
}

// generalization puts the drift of the gap since the last measurement beside what was predicted, and predicts anew.
func (p *probe) generalization(s sampleStatistics, numbers map[string]float64) error {
	train, err := p.f.Evaluate(p.fixed[objective.Train])
	if err != nil {
		return err
	}
	gap := s.test - train.Loss
	numbers["gap_gradient"] = s.square - s.across
	if p.measured && p.momentumFactor > 0 {
		numbers["gap_drift_predicted"], numbers["gap_drift_gradient"] = p.since.noise, p.since.gradient
	}
	if p.measured {
		numbers["gap_drift_measured"] = gap - p.gap
	}
	p.measured, p.gap, p.since = true, gap, gapTerms{}
	p.drift = gapTerms{s.trace / float64(p.f.Examples(objective.Train)), s.square - s.across}
	return nil
}

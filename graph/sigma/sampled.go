package sigma

import "drift/graph/objective"

// Sample says how far the figures of a measurement lie from those of all examples that its own were drawn from, at random and without
// repetition. Standard errors are of the first order in the deviations of the examples; with n examples of N they hold the factor
// √(1 − n/N).
type Sample struct {
	Of                 int      `json:"of"` // N
	Loss               float64  `json:"loss_se"`
	GradNorm2          float64  `json:"grad_norm2_se"`
	GradNorm2Bias      float64  `json:"grad_norm2_bias"` // tr Σ (1/n − 1/N), by which ‖ḡ‖² is too large in the mean
	TraceSigma         float64  `json:"tr_sigma_se"`
	NoiseScaleUnbiased *float64 `json:"noise_scale_unbiased_se"` // nil where there is none; tr Σ/‖ḡ‖² itself is too small in the mean
}

// sample finds the standard errors, once the moments are known. What an example contributes to a figure follows from its loss, from
// q_n = ‖g_n − ḡ‖² and from s_n = ⟨ḡ, g_n − ḡ⟩: q_n to tr Σ, 2 s_n to ‖ḡ‖², and (q_n − (2 s_n − q_n/n) b)/U to the noise scale b = tr Σ/U with U = ‖ḡ‖² − tr Σ/n.
func (m *Measurement) sample(f *objective.Objective, examples []int, of int) error {
	losses, squares, along, err := m.contributions(f, examples)
	if err != nil {
		return err
	}
	n := float64(len(examples))
	s := &Sample{Of: of, GradNorm2Bias: m.TraceSigma * max(0, 1/n-1/float64(of))}
	deviation := func(of func(i int) float64) float64 { return objective.StandardError(len(examples), s.Of, of) }
	s.Loss = deviation(func(i int) float64 { return losses[i] })
	s.GradNorm2 = deviation(func(i int) float64 { return 2 * along[i] })
	s.TraceSigma = deviation(func(i int) float64 { return squares[i] })
	if scale := m.NoiseScaleUnbiased; scale != nil {
		norm2 := m.GradNorm2 - m.TraceSigma/n
		e := deviation(func(i int) float64 { return (squares[i] - (2*along[i]-squares[i]/n)**scale) / norm2 })
		s.NoiseScaleUnbiased = &e
	}
	m.Sample = s
	return nil
}

// contributions is ℓ_n, ‖g_n − ḡ‖² and ⟨ḡ, g_n − ḡ⟩ of every example. With deviations r_n from a gradient m, g_n − ḡ = r_n − r̄.
func (m *Measurement) contributions(f *objective.Objective, examples []int) (losses, squares, along []float64, err error) {
	reference, err := f.NewReference()
	if err != nil {
		return nil, nil, nil, err
	}
	defer reference.Close()
	mean, err := f.NewVector()
	if err != nil {
		return nil, nil, nil, err
	}
	defer mean.Free()
	if err := mean.Write(m.Vectors[0].Values); err != nil {
		return nil, nil, nil, err
	}
	var loss, norm, byMean, byCenter objective.Rows
	p, err := f.Compile(len(examples), func(b *objective.Batch) {
		rest := b.Deviations(reference, b.Here())
		b.Rows(&loss, b.Here().Loss)
		b.Rows(&norm, rest.SquaredNorms())
		b.Rows(&byMean, rest.Dot(b.Vector(mean)))
		b.Rows(&byCenter, rest.Along())
	}, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	defer p.Close()
	if err := p.Run(examples); err != nil {
		return nil, nil, nil, err
	}
	n := float64(len(examples))
	shift, byShift := 0.0, 0.0 // ‖r̄‖² and ⟨ḡ, r̄⟩
	for i, x := range byMean.Values {
		shift += (x - byCenter.Values[i]) / n
		byShift += x / n
	}
	squares, along = make([]float64, len(examples)), make([]float64, len(examples))
	for i, x := range byMean.Values {
		squares[i] = norm.Values[i] - 2*(x-byCenter.Values[i]) + shift
		along[i] = x - byShift
	}
	return loss.Values, squares, along, nil
}

package sigma

import (
	"drift/graph/objective"
	"drift/kernels"
)

// densityVectors is the number of random vectors that a spectral density is averaged over.
const densityVectors = 10

// spectrum finds what is wanted of the eigenvalues of Σ.
func (m *Measurement) spectrum(f *objective.Objective, examples []int, w Wanted) error {
	g, err := NewGradients(f, examples)
	if err != nil {
		return err
	}
	defer g.Close()
	if w.Eigenvalues > 0 {
		m.Eigenvalues, m.Residuals, m.sigmaPairs, err = g.leading(w.Eigenvalues, Search{Seed: w.Seed, Observe: w.Residual})
		if err != nil {
			return err
		}
	}
	if w.Density > 0 {
		d, err := g.Density(densityVectors, w.Density, w.Seed)
		if err != nil {
			return err
		}
		m.Density = &d
	}
	return nil
}

// curvature finds what is wanted of the Hessian.
func (m *Measurement) curvature(f *objective.Objective, examples []int, w Wanted) error {
	h, err := NewHessian(f, examples)
	if err != nil {
		return err
	}
	defer h.Close()
	if w.Trace > 0 {
		trace, deviation, err := Trace(h, w.Trace, w.Seed)
		if err != nil {
			return err
		}
		m.HessianTrace, m.HessianTraceError = &trace, &deviation
	}
	if w.HessianDensity > 0 {
		d, err := SpectralDensity(h, densityVectors, w.HessianDensity, w.Seed)
		if err != nil {
			return err
		}
		m.HessianDensity = &d
	}
	if w.Hessian == 0 {
		return nil
	}
	search := Search{Seed: w.Seed, Observe: w.Residual}
	if f.DType() == kernels.Float32 {
		search.Tolerance = 1e-4
	}
	m.hessianPairs, err = Leading(h, w.Hessian, search)
	for _, p := range m.hessianPairs {
		m.HessianEigenvalues = append(m.HessianEigenvalues, p.Value)
		m.HessianResiduals = append(m.HessianResiduals, p.Residual)
	}
	return err
}

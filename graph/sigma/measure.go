package sigma

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/graph"
	"drift/graph/objective"
	"drift/graph/weights"
	"drift/kernels"
)

// Wanted says what Measure computes beside the numbers that it always gives.
type Wanted struct {
	Eigenvalues    int               // leading eigenvalues of Σ
	Density        int               // steps of quadrature for the spectral density of Σ
	Hessian        int               // leading eigenvalues of the Hessian
	HessianDensity int               // steps of quadrature for the spectral density of the Hessian
	Trace          int               // products for the Hessian's trace
	Along          []float64         // a vector v [P] for H v and Σ v; nil for none
	Diagonal       bool              // diag Σ
	SampleOf       int               // above 0: the examples are a sample of this many, and standard errors are wanted
	Seed           uint64            // of the random vectors that density, trace and iterations start from
	Begin          func(what string) // is told what comes next; nil for nothing
	// Residual hears of how far an iteration for eigenvalues is (Search.Observe); nil for nothing.
	Residual func(float64)
}

// Measurement is the statistics of the per-example gradients of a list of examples.
type Measurement struct {
	Examples           int       `json:"examples"`
	Parameters         int       `json:"parameters"`
	Loss               float64   `json:"loss"`
	GradNorm2          float64   `json:"grad_norm2"`                // ‖ḡ‖²
	TraceSigma         float64   `json:"tr_sigma"`                  // tr Σ, unbiased
	TraceGradientNorm2 float64   `json:"grad_tr_sigma_norm2"`       // ‖∂tr Σ‖²
	NoiseScale         *float64  `json:"noise_scale"`               // tr Σ/‖ḡ‖² (McCandlish et al. 2018); nil where ḡ vanishes
	NoiseScaleUnbiased *float64  `json:"noise_scale_unbiased"`      // tr Σ/(‖ḡ‖² − tr Σ/N); nil where that is not positive
	Eigenvalues        []float64 `json:"sigma_eigenvalues"`         // of Σ, in descending order
	Residuals          []float64 `json:"sigma_residuals,omitempty"` // of each in the space of the examples

	Density            *Density  `json:"sigma_density,omitempty"`       // of Σ's eigenvalues
	HessianEigenvalues []float64 `json:"hessian_eigenvalues,omitempty"` // in descending order
	HessianResiduals   []float64 `json:"hessian_residuals,omitempty"`   // ‖Hu − λu‖ of each, with ‖u‖ = 1
	HessianDensity     *Density  `json:"hessian_density,omitempty"`     // of the Hessian's eigenvalues
	HessianTrace       *float64  `json:"hessian_trace,omitempty"`
	HessianTraceError  *float64  `json:"hessian_trace_error,omitempty"` // the standard error of that estimate

	Overlap *Overlap `json:"overlap,omitempty"` // of both operators' leading eigenvectors
	Sample  *Sample  `json:"sample,omitempty"`  // of what the examples were drawn from

	// Vectors are ḡ, ∂tr Σ and what else was wanted, by kind: grad, grad_tr_sigma, sigma_diag, hvp and sigma_vp.
	Layers  []Layer          `json:"layers,omitempty"` // filled by who wants ByLayer kept
	Vectors []weights.Vector `json:"-"`

	sigmaPairs, hessianPairs []Pair // of GramOperator and of the Hessian
}

// Measure works on examples of the training data, at least two of them, at the objective's parameters. With an error that comes
// after the moments it returns what it found until then, so that an interruption does not lose it.
func Measure(f *objective.Objective, examples []int, w Wanted) (*Measurement, error) {
	if len(examples) < 2 {
		return nil, fmt.Errorf("measuring: the covariance of the gradients takes at least 2 examples, not %d", len(examples))
	}
	m := &Measurement{Examples: len(examples), Parameters: f.NumParams(), Eigenvalues: []float64{}}
	defer m.settle()
	for _, step := range m.steps(w) {
		if w.Begin != nil {
			w.Begin(step.what)
		}
		if err := step.run(f, examples); err != nil {
			if m.Vectors == nil {
				return nil, fmt.Errorf("measuring: %w", err)
			}
			return m, fmt.Errorf("measuring: %w", err)
		}
	}
	return m, nil
}

// step is a part of a measurement.
type step struct {
	what string
	run  func(*objective.Objective, []int) error
}

// steps is what is wanted, in order.
func (m *Measurement) steps(w Wanted) []step {
	steps := []step{{"tr Σ and its gradient", m.moments}}
	add := func(wanted bool, what string, run func(*objective.Objective, []int) error) {
		if wanted {
			steps = append(steps, step{what, run})
		}
	}
	add(w.SampleOf > 0, "standard errors", func(f *objective.Objective, examples []int) error { return m.sample(f, examples, w.SampleOf) })
	add(w.Diagonal, "the diagonal of Σ", m.diagonal)
	add(w.Along != nil, "H v", m.product("hvp", NewHessian, w.Along))
	add(w.Along != nil, "Σ v", m.product("sigma_vp", NewCovariance, w.Along))
	add(w.Eigenvalues > 0 || w.Density > 0, "the spectrum of Σ", func(f *objective.Objective, examples []int) error { return m.spectrum(f, examples, w) })
	add(w.Hessian > 0 || w.HessianDensity > 0 || w.Trace > 0, "the spectrum of the Hessian",
		func(f *objective.Objective, examples []int) error { return m.curvature(f, examples, w) })
	add(w.Eigenvalues > 0 && w.Hessian > 0, "the overlap of both", m.overlap)
	return steps
}

// settle makes everything of a Σ that is zero: where tr Σ is rounding noise, so is all else.
func (m *Measurement) settle() {
	if m.TraceSigma != 0 {
		return
	}
	m.TraceGradientNorm2, m.Overlap = 0, nil
	clear(m.Eigenvalues)
	for _, v := range m.Vectors {
		if v.Kind == "grad_tr_sigma" || v.Kind == "sigma_diag" || v.Kind == "sigma_vp" {
			clear(v.Values)
		}
	}
}

// moments finds the loss, ḡ, tr Σ, ∂tr Σ and what follows from them.
func (m *Measurement) moments(f *objective.Objective, examples []int) error {
	mean, err := f.NewVector()
	if err != nil {
		return err
	}
	defer mean.Free()
	slope, err := f.NewVector()
	if err != nil {
		return err
	}
	defer slope.Free()
	p, err := f.CompileTraceGradient(len(examples), mean, slope, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Run(examples); err != nil {
		return err
	}
	if m.TraceSigma, err = p.Trace(); err != nil {
		return err
	}
	value, err := p.Measured().Value()
	if err != nil {
		return err
	}
	m.Loss = value.Loss
	if m.GradNorm2, err = m.keep("grad", mean); err != nil {
		return err
	}
	if m.TraceGradientNorm2, err = m.keep("grad_tr_sigma", slope); err != nil {
		return err
	}
	for _, x := range []float64{m.Loss, m.GradNorm2, m.TraceSigma, m.TraceGradientNorm2} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("loss %v, ‖ḡ‖² %v, tr Σ %v, ‖∂tr Σ‖² %v: not all finite: check the weights and the data, or compute in float64",
				m.Loss, m.GradNorm2, m.TraceSigma, m.TraceGradientNorm2)
		}
	}
	m.NoiseScale = m.noiseScale(m.GradNorm2)
	m.NoiseScaleUnbiased = m.noiseScale(m.GradNorm2 - m.TraceSigma/float64(m.Examples))
	return nil
}

// noiseScale is tr Σ in units of an estimate of ‖G‖².
func (m *Measurement) noiseScale(norm2 float64) *float64 {
	if norm2 <= 0 {
		return nil
	}
	scale := m.TraceSigma / norm2
	return &scale
}

// keep reads a vector and returns its squared norm.
func (m *Measurement) keep(kind string, v kernels.Buffer) (float64, error) {
	values := make([]float64, v.Len())
	err := v.Read(values)
	m.Vectors = append(m.Vectors, weights.Vector{Kind: kind, Values: values})
	return floats.Dot(values, values), err
}

// diagonal finds diag Σ = (Σ_n r_n² − N r̄²)/(N−1), an element of which is 0 where it is rounding noise: of that difference, or of
// gradients that are all the same.
func (m *Measurement) diagonal(f *objective.Objective, examples []int) error {
	reference, err := f.NewReference()
	if err != nil {
		return err
	}
	defer reference.Close()
	d, r, n := make([]float64, f.NumParams()), make([]float64, f.NumParams()), float64(len(examples))
	if err := squaresAndMean(f, examples, reference, d, r); err != nil {
		return err
	}
	unit := graph.Roundings * graph.Unit(f.DType())
	for i, g := range m.Vectors[0].Values {
		d[i] = Resolved(d[i]-r[i]*r[i]*n/(n-1), d[i]+unit*g*g, f.DType())
	}
	m.Vectors = append(m.Vectors, weights.Vector{Kind: "sigma_diag", Values: d})
	return nil
}

// squaresAndMean reads Σ_n r_n²/(N−1) and r̄ of deviations from a reference.
func squaresAndMean(f *objective.Objective, examples []int, reference *objective.Reference, squares, mean []float64) error {
	var on [2]kernels.Buffer
	defer func() { objective.Free(on[:]...) }()
	for k := range on {
		var err error
		if on[k], err = f.NewVector(); err != nil {
			return err
		}
	}
	p, err := f.Compile(len(examples), func(b *objective.Batch) {
		rest := b.Deviations(reference, b.Here())
		b.Sum(on[0], objective.Times(rest.Squares(), b.CovarianceWeight))
		b.Sum(on[1], objective.Times(rest.Sum(), b.Mean))
	}, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Run(examples); err != nil {
		return err
	}
	if err := on[0].Read(squares); err != nil {
		return err
	}
	return on[1].Read(mean)
}

type operatorOver func(f *objective.Objective, examples []int) (*ParameterOperator, error)

// product finds an operator's image of v.
func (m *Measurement) product(kind string, over operatorOver, v []float64) func(*objective.Objective, []int) error {
	return func(f *objective.Objective, examples []int) error {
		if len(v) != f.NumParams() {
			return fmt.Errorf("%s: a vector of %d elements for %d parameters", kind, len(v), f.NumParams())
		}
		a, err := over(f, examples)
		if err != nil {
			return err
		}
		defer a.Close()
		image := make([]float64, len(v))
		err = a.Apply(image, v)
		m.Vectors = append(m.Vectors, weights.Vector{Kind: kind, Values: image})
		return err
	}
}

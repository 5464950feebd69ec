package sigma

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
)

// The linear model ℓ = (wᵀx − y)², twice the ½(wᵀx − y)² of the theory, with y = w*ᵀx + ε, x ~ N(0,1), ε ~ N(0,σ²): all gradients
// are twice, all covariances four times those of the closed forms
//
//	G = d,  Σ = (‖d‖² + σ²) I + d dᵀ,  d = w − w*,
//
// whose eigenvalues are 2‖d‖² + σ² once and ‖d‖² + σ² otherwise, tr Σ = (P+1)‖d‖² + Pσ², and (Σ+δI)⁻¹G = d/(2‖d‖² + σ² + δ).
// From N examples they are found with relative errors of order 1/√N.
func TestLinearModelWithGaussianInputs(t *testing.T) {
	const n, p, noise = 40000, 6, 0.7
	target, w, x, e := gaussian(1, p), gaussian(2, p), gaussian(3, n*p), gaussian(4, n)
	set := data.Set{Name: "linear", Shape: []int{p}, Outputs: 1, X: data.ValuesOf(x), Y: make([]float64, n)}
	for i := range n {
		set.Y[i] = floats.Dot(target, x[i*p:(i+1)*p]) + noise*e[i]
	}
	f := open(t, `{"layers": [{"linear": {"out": 1, "bias": false}}]}`, set, 4096, kernels.Float64)
	must(t, f.Parameters().Write(w))
	d := make([]float64, p)
	floats.SubTo(d, w, target)
	square, variance := floats.Dot(d, d), noise*noise
	m, err := Measure(f, f.All(objective.Train), Wanted{Hessian: p})
	must(t, err)
	const tolerance = 0.05 // ten times 1/√N
	near(t, "ḡ", m.Vectors[0].Values, scaledBy(2, d), tolerance)
	near(t, "tr Σ", []float64{m.TraceSigma}, []float64{4 * ((p+1)*square + p*variance)}, tolerance)
	near(t, "∂tr Σ", m.Vectors[1].Values, scaledBy(8*(p+1), d), tolerance)
	near(t, "eigenvalues of the Hessian", m.HessianEigenvalues, []float64{2, 2, 2, 2, 2, 2}, tolerance)
	sigma, err := NewCovariance(f, f.All(objective.Train))
	must(t, err)
	defer sigma.Close()
	formed := written(t, sigma)
	pairs, err := Solve(formed, p)
	must(t, err)
	flat := 4 * (square + variance)
	near(t, "eigenvalues of Σ", values(pairs), []float64{flat + 4*square, flat, flat, flat, flat, flat}, tolerance)
	if along := math.Abs(floats.Dot(pairs[0].Vector, d)) / math.Sqrt(square); along < 1-tolerance {
		t.Errorf("the leading eigenvector has an overlap of %v with w − w*", along)
	}
	const delta = 0.5
	solution := solve(t, formed, delta, m.Vectors[0].Values)
	near(t, "(Σ+δI)⁻¹ḡ", solution, scaledBy(2/(flat+4*square+delta), d), tolerance)
	few := f.All(objective.Train)[:2000] // the method itself, on fewer examples
	inverse, err := NewGramInverse(f)
	must(t, err)
	v := make([]float64, p)
	defer inverse.Close()
	vector, err := f.NewVector()
	must(t, err)
	mustSolve(t, inverse, few, Damping{Value: delta}, vector)
	must(t, vector.Read(v))
	near(t, "sigma-inverse", v, scaledBy(2/(flat+4*square+delta), d), 0.2)
}

func scaledBy(c float64, x []float64) []float64 {
	y := append([]float64(nil), x...)
	floats.Scale(c, y)
	return y
}

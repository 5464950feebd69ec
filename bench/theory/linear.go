package theory

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// Linear is the model of §4 with everything known: ℓ = ½(wᵀx − y)² with y = w*ᵀx + ε, x ~ N(0, C) and ε ~ N(0, σ²), at d = w − w*.
type Linear struct {
	Offset   []float64 // d [P]
	Variance []float64 // the diagonal of C [P]
	Noise    float64   // σ
}

// Gradient is G = C d.
func (m Linear) Gradient() []float64 {
	return floats.MulTo(make([]float64, len(m.Offset)), m.Variance, m.Offset)
}

// risk is dᵀCd + σ², twice the mean loss.
func (m Linear) risk() float64 { return floats.Dot(m.Offset, m.Gradient()) + m.Noise*m.Noise }

// Covariance is vᵀΣw with Σ = (dᵀCd + σ²) C + C d dᵀ C.
func (m Linear) Covariance(v, w []float64) float64 {
	g, sum := m.Gradient(), 0.0
	for i, c := range m.Variance {
		sum += v[i] * c * w[i]
	}
	return m.risk()*sum + floats.Dot(g, v)*floats.Dot(g, w)
}

// Trace is tr Σ = (dᵀCd + σ²) tr C + ‖Cd‖².
func (m Linear) Trace() float64 {
	g := m.Gradient()
	return m.risk()*floats.Sum(m.Variance) + floats.Dot(g, g)
}

// TraceGradient is ∂tr Σ = 2 tr C · C d + 2 C² d.
func (m Linear) TraceGradient() []float64 {
	t := m.Gradient()
	for i, c := range m.Variance {
		t[i] *= 2*floats.Sum(m.Variance) + 2*c
	}
	return t
}

// Inverse is Σ⁻¹ v (Sherman and Morrison).
func (m Linear) Inverse(v []float64) []float64 {
	r, out := m.risk(), make([]float64, len(v))
	// C⁻¹ C d = d, so the correction is along d.
	share := floats.Dot(m.Offset, v) / (r * (r + floats.Dot(m.Offset, m.Gradient())))
	for i, c := range m.Variance {
		out[i] = v[i]/(r*c) - share*m.Offset[i]
	}
	return out
}

// points is examples of the model: inputs x and noise ε.
type points struct {
	x [][]float64
	e []float64
}

// draw is n examples.
func (m Linear) draw(r *rand.Rand, n int) points {
	p := points{make([][]float64, n), make([]float64, n)}
	for k := range p.x {
		p.x[k], p.e[k] = make([]float64, len(m.Offset)), m.Noise*r.NormFloat64()
		for i, c := range m.Variance {
			p.x[k][i] = math.Sqrt(c) * r.NormFloat64()
		}
	}
	return p
}

func (p points) slice(from, to int) points { return points{p.x[from:to], p.e[from:to]} }

// residuals is wᵀx − y of each example at d.
func (p points) residuals(d []float64) []float64 {
	r := make([]float64, len(p.x))
	for k, x := range p.x {
		r[k] = floats.Dot(d, x) - p.e[k]
	}
	return r
}

// loss is the mean loss at d.
func (p points) loss(d []float64) float64 {
	r := p.residuals(d)
	return floats.Dot(r, r) / 2 / float64(len(r))
}

// gradient is the mean gradient at d.
func (p points) gradient(d []float64) []float64 {
	g := make([]float64, len(d))
	for k, r := range p.residuals(d) {
		floats.AddScaled(g, r/float64(len(p.x)), p.x[k])
	}
	return g
}

// follow is the displacement after an update on each of the batches in turn.
func (p points) follow(d []float64, rate float64, bounds [][2]int) []float64 {
	at := append([]float64(nil), d...)
	for _, b := range bounds {
		floats.AddScaled(at, -rate, p.slice(b[0], b[1]).gradient(at))
	}
	return minus(at, d)
}

package main

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// plain is a network in → hidden → out with tanh between, in loops over one example at a time: what the program measures is compared
// with it. θ is W₁, b₁, W₂, b₂.
type plain struct {
	in, hidden, out int
	x, y            []float64 // [n,in]; targets [n,out], or classes [n]
	classes         bool
}

func (p plain) size() int     { return p.hidden*(p.in+1) + p.out*(p.hidden+1) }
func (p plain) examples() int { return len(p.x) / p.in }

// gradients is the gradient of each example's loss, [n,P].
func (p plain) gradients(theta []float64) *mat.Dense {
	n, h := p.examples(), p.hidden
	w1, b1 := theta[:h*p.in], theta[h*p.in:h*(p.in+1)]
	w2, b2 := theta[h*(p.in+1):h*(p.in+1)+p.out*h], theta[p.size()-p.out:]
	all := mat.NewDense(n, p.size(), nil)
	for i := range n {
		x, a, z := p.x[i*p.in:(i+1)*p.in], make([]float64, h), make([]float64, p.out)
		for j := range h {
			a[j] = math.Tanh(floats.Dot(w1[j*p.in:(j+1)*p.in], x) + b1[j])
		}
		for k := range z {
			z[k] = floats.Dot(w2[k*h:(k+1)*h], a) + b2[k]
		}
		d, back := p.slope(i, z), make([]float64, h) // of the loss in z, and before the tanh
		for k, dk := range d {
			floats.AddScaled(back, dk, w2[k*h:(k+1)*h])
		}
		g := all.RawRowView(i)[:0]
		for j := range back {
			back[j] *= 1 - a[j]*a[j]
			g = append(g, floats.ScaleTo(make([]float64, p.in), back[j], x)...)
		}
		g = append(g, back...)
		for _, dk := range d {
			g = append(g, floats.ScaleTo(make([]float64, h), dk, a)...)
		}
		copy(g[len(g):p.size()], d)
	}
	return all
}

// slope is the derivative of an example's loss in its outputs.
func (p plain) slope(i int, z []float64) []float64 {
	d := make([]float64, len(z))
	for k := range z {
		if p.classes {
			d[k] = math.Exp(z[k] - floats.LogSumExp(z))
		} else {
			d[k] = 2 * (z[k] - p.y[i*p.out+k]) / float64(p.out)
		}
	}
	if p.classes {
		d[int(p.y[i])]--
	}
	return d
}

// covariance is Σ by definition.
func (p plain) covariance(theta []float64) *mat.SymDense {
	var s mat.SymDense
	stat.CovarianceMatrix(&s, p.gradients(theta), nil)
	return &s
}

// traceSlope is ‖∂tr Σ‖² by central differences.
func (p plain) traceSlope(theta []float64, step float64) (norm2 float64) {
	for k := range theta {
		moved := append([]float64(nil), theta...)
		moved[k] += step
		up := mat.Trace(p.covariance(moved))
		moved[k] -= 2 * step
		slope := (up - mat.Trace(p.covariance(moved))) / (2 * step)
		norm2 += slope * slope
	}
	return norm2
}

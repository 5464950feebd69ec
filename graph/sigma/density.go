package sigma

import (
	"cmp"
	"fmt"
	"slices"
)

// Density is the distribution of an operator's eigenvalues as weights, which add up to 1, at values in ascending order. Sums of
// weights times f(value) estimate the mean of f over all eigenvalues.
type Density struct {
	Values  []float64 `json:"values"`
	Weights []float64 `json:"weights"`
}

// SpectralDensity is stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017; Ghorbani, Krishnan and Xiao 2019): Lanczos iteration of so
// many steps from each of some random vectors, the Ritz values weighted by the squares of their vectors' first elements.
func SpectralDensity(a Operator, vectors, steps int, seed uint64) (Density, error) {
	if vectors < 1 || steps < 1 {
		return Density{}, fmt.Errorf("spectral density from %d vectors of %d steps: give at least 1 of each", vectors, steps)
	}
	steps = min(steps, a.Dim())
	var d Density
	random := starts(seed)
	for range vectors {
		l := newKrylov(a, steps, random)
		l.begin(nil)
		for range steps {
			if err := l.extend(); err != nil {
				return Density{}, fmt.Errorf("spectral density: %w", err)
			}
			if l.beta == 0 {
				break // the start lies in a space that is exhausted
			}
		}
		r, err := l.ritz()
		if err != nil {
			return Density{}, err
		}
		for c, value := range r.values {
			d.Values = append(d.Values, value)
			d.Weights = append(d.Weights, r.y.At(0, c)*r.y.At(0, c)/float64(vectors))
		}
	}
	return d.sorted(), nil
}

func (d Density) sorted() Density {
	order := make([]int, len(d.Values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(d.Values[i], d.Values[j]) })
	s := Density{make([]float64, len(order)), make([]float64, len(order))}
	for to, from := range order {
		s.Values[to], s.Weights[to] = d.Values[from], d.Weights[from]
	}
	return s
}

// Density is the spectral density of Σ over all P eigenvalues, by iteration in the space of the N examples where that is the smaller
// one: the P−N eigenvalues that they cannot give are zero.
func (g *Gradients) Density(vectors, steps int, seed uint64) (Density, error) {
	n, p := len(g.examples), g.f.NumParams()
	if n >= p {
		a, err := NewCovariance(g.f, g.examples)
		if err != nil {
			return Density{}, err
		}
		defer a.Close()
		return SpectralDensity(a, vectors, steps, seed)
	}
	a, err := g.gramOperator()
	if err != nil {
		return Density{}, err
	}
	d, err := SpectralDensity(a, vectors, steps, seed)
	if err != nil {
		return Density{}, err
	}
	share := float64(n) / float64(p)
	for i := range d.Weights {
		d.Weights[i] *= share
	}
	return Density{append(d.Values, 0), append(d.Weights, 1-share)}.sorted(), nil
}

// gramOperator is K/(N−1) of the examples (GramOperator), formed where it fits.
func (g *Gradients) gramOperator() (Operator, error) {
	n := len(g.examples)
	if n < 2 {
		return nil, fmt.Errorf("covariance of %d gradients: it takes at least 2 examples", n)
	}
	if n > formed {
		return GramOperator{g}, nil
	}
	gram, err := g.Gram()
	if err != nil {
		return nil, err
	}
	k := gram.Rest
	Centre(k)
	k.ScaleSym(1/float64(n-1), k)
	return Dense{k}, nil
}

package sigma

import "fmt"

// Pair is an eigenvalue with its eigenvector of norm 1, and the norm of A·v − λ·v.
type Pair struct {
	Value    float64
	Vector   []float64
	Residual float64
}

// Search says how Leading looks for eigenpairs. Zero values are the defaults.
type Search struct {
	Tolerance float64 // of residuals, relative to the largest eigenvalue in magnitude; default 1e-10
	Products  int     // most products with the operator; default 50 and 20 more for each pair
	Basis     int     // vectors kept between restarts; default 10 and 2 for each pair, at least 20
	Seed      uint64  // of the first vector
	Start     []float64
	// Observe, where given, hears of the largest residual of the pairs, relative to the largest eigenvalue in magnitude, each time it is known.
	Observe func(residual float64)
}

// Leading is the k largest eigenvalues of an operator with their vectors, in descending order: Lanczos iteration with full
// reorthogonalisation, restarted with the best Ritz vectors (Wu and Simon 2000). Where the products run out, what was found
// comes with its residuals.
func Leading(a Operator, k int, s Search) ([]Pair, error) {
	n := a.Dim()
	if k < 1 || k > n {
		return nil, fmt.Errorf("%d eigenpairs of an operator of dimension %d: give 1 to %d", k, n, n)
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-10
	}
	if s.Products == 0 {
		s.Products = 50 + 20*k
	}
	if s.Basis == 0 {
		s.Basis = max(20, 10+2*k)
	}
	l := newKrylov(a, min(n, max(s.Basis, k+2)), starts(s.Seed))
	l.begin(s.Start)
	for products := 1; ; products++ {
		if err := l.extend(); err != nil {
			return nil, fmt.Errorf("eigenpairs: product %d: %w", products, err)
		}
		full := len(l.v) == l.m
		if !full && products < s.Products && (len(l.v) < k || len(l.v)%5 != 0) {
			continue
		}
		ritz, err := l.ritz()
		if err != nil {
			return nil, err
		}
		if s.Observe != nil && len(l.v) >= k {
			s.Observe(ritz.residual(k))
		}
		if len(l.v) == n || products >= s.Products || len(l.v) >= k && ritz.residual(k) <= s.Tolerance {
			return ritz.pairs(l, min(k, len(l.v))), nil
		}
		if full {
			l.restart(ritz, k)
		}
	}
}

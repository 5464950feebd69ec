package graph

import "slices"

// Covariance is Σ, the unbiased sample covariance (1/(N−1)) Σ_n (g_n−ḡ)(g_n−ḡ)ᵀ of the per-example gradients of one batch,
// as expressions that never form it. (Equation 4 of Roberts 2021, estimated.)
type Covariance struct {
	*PerExample
	sum []*Node // Σ_n g_n
}

// NewCovariance is Σ over the examples of p, of which there must be at least two.
func NewCovariance(p *PerExample) *Covariance {
	if p.n < 2 {
		misuse("covariance: %d examples, want at least 2", p.n)
	}
	return &Covariance{p, p.combineWithNorms(nil)}
}

// Mean is ḡ, the gradient of the mean loss, in the shapes of the parameters.
func (c *Covariance) Mean() []*Node { return scaled(c.sum, 1/float64(c.n)) }

// Trace is tr Σ = (Σ_n ‖g_n‖² − N‖ḡ‖²)/(N−1), of shape (1).
func (c *Covariance) Trace() *Node {
	spread := Sub(SumAll(c.SquaredNorms()), Scale(SquaredNorm(c.sum), 1/float64(c.n)))
	return Scale(spread, 1/float64(c.n-1))
}

// TraceGradient is ∂tr Σ = (2/(N−1)) Σ_n h_n (g_n − ḡ), in the shapes of params.
func (c *Covariance) TraceGradient(params []*Node) []*Node {
	return c.CenteredGradient(c.Mean(), filled(params[0], 2/float64(c.n-1), dimsOf(1)), params)
}

// CenteredGradient is w·Σ_n h_n (g_n − m) for a vector m and a weight w (1), both held constant, in the shapes of params: with
// m = ḡ over all the data and w = 2/(N−1) these add up over chunks to ∂tr Σ. It is one reverse sweep over w·(½Σ‖g_n‖² − ⟨m, Σ_n g_n⟩).
func (p *PerExample) CenteredGradient(m []*Node, weight *Node, params []*Node) []*Node {
	outputs := append(p.combineWithNorms(BroadcastScalar(Neg(weight), p.n)), p.SquaredNorms())
	seeds := append(slices.Clone(m), BroadcastScalar(Scale(weight, 0.5), p.n))
	g := Grad(outputs, seeds, params)
	for k := range g {
		if g[k] == nil {
			g[k] = Fill(params[k], 0)
		}
	}
	return g
}

// Apply is Σv = (1/(N−1)) Σ_n ⟨g_n − ḡ, v⟩ g_n for a vector given in the shapes of the parameters.
func (c *Covariance) Apply(v []*Node) []*Node {
	return scaled(c.Combine(Centered(c.Dot(v))), 1/float64(c.n-1))
}

// Diagonal is diag Σ, in the shapes of the parameters.
func (c *Covariance) Diagonal() []*Node {
	diagonal := make([]*Node, len(c.sum))
	for k, s := range c.Squares() {
		diagonal[k] = Scale(Sub(s, Scale(Square(c.sum[k]), 1/float64(c.n))), 1/float64(c.n-1))
	}
	return diagonal
}

// Centered is x − mean(x) for a vector.
func Centered(x *Node) *Node { return Sub(x, BroadcastScalar(MeanAll(x), x.Shape()...)) }

// SquaredNorm is Σ‖x_k‖² over all elements of some nodes, of shape (1).
func SquaredNorm(xs []*Node) *Node { return Inner(xs, xs) }

// Inner is Σ_k ⟨x_k, y_k⟩, of shape (1).
func Inner(xs, ys []*Node) *Node {
	whole := SumAll(Mul(xs[0], ys[0]))
	for k := range xs[1:] {
		whole = Add(whole, SumAll(Mul(xs[k+1], ys[k+1])))
	}
	return whole
}

func scaled(xs []*Node, c float64) []*Node {
	out := make([]*Node, len(xs))
	for k, x := range xs {
		out[k] = Scale(x, c)
	}
	return out
}

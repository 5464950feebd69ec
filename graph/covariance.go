package graph

import (
	"slices"

	"drift/kernels"
)

// Covariance is Σ, the unbiased sample covariance (1/(N−1)) Σ_n (g_n−ḡ)(g_n−ḡ)ᵀ of the per-example gradients of one batch,
// as expressions that never form it. (Equation 4 of Roberts 2021, estimated.) It is taken from the gradients' deviations r_n.
type Covariance struct {
	*PerExample
	rest          *Deviations
	shift         []*Node // r̄
	trace, counts *Node   // tr Σ, and whether it is more than rounding noise; nil before somebody wants them
}

// NewCovariance is Σ over the examples of p, of which there must be at least two.
func NewCovariance(p *PerExample) *Covariance {
	if p.n < 2 {
		misuse("covariance: %d examples, want at least 2", p.n)
	}
	rest := p.Deviations()
	return &Covariance{PerExample: p, rest: rest, shift: scaled(rest.combineWithNorms(nil), 1/float64(p.n))}
}

// Mean is ḡ = m + r̄, the gradient of the mean loss, in the shapes of the parameters.
func (c *Covariance) Mean() []*Node {
	mean := make([]*Node, len(c.shift))
	for k, r := range c.shift {
		mean[k] = r
		if !c.rest.bare[k] {
			mean[k] = Add(r, c.rest.Center[k])
		}
	}
	return mean
}

// Trace is tr Σ, of shape (1). See CovarianceTrace.
func (c *Covariance) Trace() *Node {
	if c.trace == nil {
		squares := SumAll(c.rest.SquaredNorms())
		one := func(x float64) *Node { return filled(squares, x, dimsOf(1)) }
		c.trace, c.counts = CovarianceTrace(squares, SquaredNorm(c.shift), c.rest.CenterNorm(), one(1/float64(c.n)), one(1/float64(c.n-1)))
	}
	return c.trace
}

// Roundings is how many units of rounding u (2⁻²⁴ in float32, 2⁻⁵³ in float64) a difference must exceed to count: what is smaller than
// Roundings·u times the operands is taken for zero.
const Roundings = 16

// Unit is the unit of rounding of a type.
func Unit(dt kernels.DType) float64 {
	if dt == kernels.Float64 {
		return 0x1p-53
	}
	return 0x1p-24
}

// CovarianceTrace is tr Σ = (Σ_n ‖r_n‖² − N‖r̄‖²)/(N−1) from sums over deviations, all of shape (1): Σ_n ‖r_n‖², ‖r̄‖², ‖m‖², 1/N
// and 1/(N−1). It is 0 where that is rounding noise, not above
//
//	(c Σ_n ‖r_n‖² + c² N‖m‖²)/(N−1),  c = Roundings·u:
//
// the first is what the difference loses, the second what gradients of relative error c scatter by. counts is 1 where it is above that
// and 0 where it is noise, as then all else is that is taken from Σ.
func CovarianceTrace(squares, shift, center, mean, spread *Node) (trace, counts *Node) {
	c := Roundings * Unit(DTypeOf(squares))
	trace = Mul(Sub(squares, Div(shift, mean)), spread)
	noise := Mul(Add(Scale(squares, c), Scale(Div(center, mean), c*c)), spread)
	counts = Add(Greater(trace, noise), Greater(Neg(trace), noise))
	return Mul(trace, counts), counts
}

// TraceGradient is ∂tr Σ = (2/(N−1)) Σ_n h_n (g_n − ḡ), in the shapes of params. It is 0 where tr Σ is, by the bound of CovarianceTrace.
func (c *Covariance) TraceGradient(params []*Node) []*Node {
	c.Trace()
	return c.rest.Slope(c.PerExample, c.shift, Scale(c.counts, 2/float64(c.n-1)), params)
}

// Slope is w·Σ_n h_n (r_n − e), where the r_n are deviations of the gradients of p, for a vector e and a weight w (1), both held
// constant, in the shapes of params: with e = r̄ over all the data and w = 2/(N−1) these add up over chunks to ∂tr Σ. It is one reverse
// sweep over ½Σ‖r_n‖² − ⟨e, Σ_n g_n⟩, which w multiplies at its end: nothing in it then waits for a weight that depends on tr Σ.
func (d *Deviations) Slope(p *PerExample, e []*Node, weight *Node, params []*Node) []*Node {
	outputs := append(p.combineWithNorms(filled(weight, -1, dimsOf(p.n))), d.SquaredNorms())
	seeds := append(slices.Clone(e), filled(weight, 0.5, dimsOf(p.n)))
	g := Grad(outputs, seeds, params)
	for k := range g {
		if g[k] == nil {
			g[k] = Fill(params[k], 0)
			continue
		}
		g[k] = Mul(g[k], BroadcastScalar(weight, g[k].Shape()...))
	}
	return g
}

// Apply is Σv = (1/(N−1)) Σ_n ⟨r_n − r̄, v⟩ r_n for a vector given in the shapes of the parameters.
func (c *Covariance) Apply(v []*Node) []*Node {
	return scaled(c.rest.Combine(Centered(c.rest.Dot(v))), 1/float64(c.n-1))
}

// Diagonal is diag Σ = (Σ_n r_n² − N r̄²)/(N−1), in the shapes of the parameters.
func (c *Covariance) Diagonal() []*Node {
	diagonal := make([]*Node, len(c.shift))
	for k, s := range c.rest.Squares() {
		diagonal[k] = Scale(Sub(s, Scale(Square(c.shift[k]), float64(c.n))), 1/float64(c.n-1))
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

package imported_test

import (
	"testing"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// alone is an example by itself: its gradient g, H·v for a vector v, and its loss.
func alone(t *testing.T, b built, v []float64) (g, hv []float64) {
	t.Helper()
	at := 0
	for _, k := range b.tangents {
		b.values[k] = v[at : at+graph.Size(k)]
		at += graph.Size(k)
	}
	gradient := b.gradient(b.loss)
	product := b.defined(graph.HVP([]*graph.Node{b.loss}, b.params, b.tangents))
	got := b.evaluate(t, append(gradient, product...)...)
	return flat(got[:len(gradient)]), flat(got[len(gradient):])
}

// Per-example gradients, tr Σ, ∂tr Σ and Hessian products of imported networks are those of their definitions, computed from each
// example in a batch of its own: ∂tr Σ = 2/(N−1) Σ H_n (g_n − ḡ).
func TestStatisticsAgreeWithExplicit(t *testing.T) {
	const n = 5
	for _, w := range networks {
		t.Run(w.name, func(t *testing.T) {
			source, err := w.at(gorgonia.NewGraph(), n)
			must(t, err)
			data, m := w.batch(n, source), model(t, w)
			all := translated(t, w, m, data, n, 0, 1, 2, 3, 4)
			one := func(i int) built { return translated(t, w, m, data, n, i) }
			var v []float64
			for _, k := range all.tangents {
				v = append(v, all.values[k]...)
			}
			rows, mean, hv := make([][]float64, n), make([]float64, len(v)), make([]float64, len(v))
			for i := range rows {
				g, h := alone(t, one(i), v)
				rows[i] = g
				for k := range g {
					mean[k] += g[k] / n
					hv[k] += h[k]
				}
			}
			trace, slope := 0.0, make([]float64, len(v))
			for i, g := range rows {
				centred := make([]float64, len(g))
				for k := range g {
					centred[k] = g[k] - mean[k]
					trace += centred[k] * centred[k] / (n - 1)
				}
				_, h := alone(t, one(i), centred)
				for k := range h {
					slope[k] += 2 * h[k] / (n - 1)
				}
			}
			per := graph.NewPerExample(all.loss, all.params)
			sigma := graph.NewCovariance(per)
			near(t, "per-example gradients", transposed(all.evaluate(t, per.Materialize()...), n), flat(rows), 1e-10)
			near(t, "tr Σ", flat(all.evaluate(t, sigma.Trace())), []float64{trace}, 1e-10)
			near(t, "∂tr Σ", flat(all.evaluate(t, sigma.TraceGradient(all.params)...)), slope, 1e-10)
			near(t, "Hv", flat(all.evaluate(t, all.defined(graph.HVP([]*graph.Node{all.loss}, all.params, all.tangents))...)), hv, 1e-10)
		})
	}
}

// transposed turns matrices [n,p_k] into rows of all parameters.
func transposed(parts [][]float64, n int) []float64 {
	var all []float64
	for i := range n {
		for _, p := range parts {
			w := len(p) / n
			all = append(all, p[i*w:(i+1)*w]...)
		}
	}
	return all
}

// Hessian products are derivatives of the gradient that Gorgonia's machine agrees with.
func TestHessianProductsAgreeWithDifferences(t *testing.T) {
	const n, h = 4, 1e-5
	for _, w := range networks {
		source, err := w.at(gorgonia.NewGraph(), n)
		must(t, err)
		b := translated(t, w, model(t, w), w.batch(n, source), n, 0, 1, 2, 3)
		gradient := b.gradient(b.loss)
		hv := flat(b.evaluate(t, b.defined(graph.HVP([]*graph.Node{b.loss}, b.params, b.tangents))...))
		at := func(step float64) []float64 {
			for k, p := range b.params {
				for i := range b.values[p] {
					b.values[p][i] += step * b.values[b.tangents[k]][i]
				}
			}
			return flat(b.evaluate(t, gradient...))
		}
		up := at(h)
		down := at(-2 * h)
		for i := range up {
			up[i] = (up[i] - down[i]) / (2 * h)
		}
		near(t, w.name, hv, up, 1e-7) // h² and rounding over h
	}
}

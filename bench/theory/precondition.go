package theory

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// preconditioned checks a constant M: the drift of an epoch and of the gap.
func (l *lab) preconditioned() []Check { return l.with("a constant diagonal M", l.diagonal()) }

// diagonal is a random diagonal M.
func (l *lab) diagonal() Preconditioner {
	r := l.random("preconditioner")
	diagonal := make([]float64, l.Parameters())
	for i := range diagonal {
		diagonal[i] = 0.2 + r.Float64()
	}
	return func(v []float64) []float64 { return floats.MulTo(make([]float64, len(v)), diagonal, v) }
}

// with checks a preconditioner by the name that it has in the checks' names.
func (l *lab) with(name string, m Preconditioner) []Check {
	reach, err := l.within(l.halfway(m))
	if err != nil {
		l.fail(err)
		return nil
	}
	_, gradient := l.regularizer(m, l.few, nil)
	plain, unconditioned := l.sigma(l.few)
	trace, half := l.trace(m), float64(len(l.few)/2)
	batches := l.Batches[len(l.Batches)/2]
	readings := l.epoch(Descent{Matrix: m}, batches, reach, gradient).drift
	wrong := claim(readings, func(r reading) []float64 {
		k := Descent{}.Pairs(batches) * r.rate * r.rate / (2 * float64(len(l.few)))
		return times(k, m.times(unconditioned))
	})
	gap := l.ladder(reach, steady, func(rate float64) []pair {
		c := l.changes(rate, m)
		return []pair{{[]float64{rate * trace / half}, []float64{c.outside - c.inside}}}
	})[0]
	plainGap := claim(gap, func(r reading) []float64 { return []float64{r.rate * plain / half} })
	return []Check{
		order("(13) ◆", fmt.Sprintf("%s, %d batches: GD − ⟨SGD⟩ = (η²/2N)(%d) M ∂tr(MΣ), to O(η³)", name, batches, batches*(batches-1)/2),
			3, readings),
		control(fmt.Sprintf("control: %s with M ∂tr Σ", name), order("(13) ◆", "", 3, wrong)),
		order("(9) ◆", fmt.Sprintf("%s: the gap drifts by η tr(MΣ)/|B| in the mean, to O(η²)", name), 2, gap),
		control(fmt.Sprintf("control: %s with tr Σ", name), order("(9) ◆", "", 2, plainGap)),
	}
}

// trace is tr(MΣ) over the few.
func (l *lab) trace(m Preconditioner) float64 {
	sum := 0.0
	for _, g := range l.rows {
		d := minus(g, l.mean)
		sum += floats.Dot(d, m.times(d))
	}
	return sum / float64(len(l.few)-1)
}

// relativeDamping is δ as a share of the mean of Σ's N−1 eigenvalues that are not zero.
const relativeDamping = 0.3

// inverse checks the inverse of Σ as a preconditioner, M = δ(Σ + δI)⁻¹, which is at most the identity.
func (l *lab) inverse() []Check {
	n := float64(len(l.few))
	delta := relativeDamping * l.trace(nil) / (n - 1)
	m := damped(l.rows, l.mean, delta)
	checks := l.with("M = δ(Σ + δI)⁻¹", m)
	x := times(1/delta, m(l.mean))
	back := times(delta, x)
	for _, g := range l.rows {
		d := minus(g, l.mean)
		floats.AddScaled(back, floats.Dot(d, x)/(n-1), d)
	}
	directions := l.directions(l.random("log det"))
	_, gradient := l.regularizer(m, l.few, nil)
	here := l.logDeterminant(nil, delta)
	readings := l.ladder(l.reach, steady, func(rate float64) []pair {
		var p pair
		for _, v := range directions {
			p.predicted = append(p.predicted, rate*floats.Dot(gradient, v)/delta)
			p.measured = append(p.measured, l.logDeterminant(times(rate, v), delta)-here)
		}
		return []pair{p}
	})[0]
	return append(checks,
		equal("§4 Σ⁻¹", "(Σ + δI)⁻¹ ḡ by the N×N Gram matrix solves (Σ + δI) x = ḡ", l.mean, back),
		order("§4 Σ⁻¹ ◆", "∂tr(MΣ) with M frozen at (Σ + δI)⁻¹ is the gradient of log det(Σ + δI), along some directions to O(η²)", 2, readings))
}

// damped is δ(Σ + δI)⁻¹ = I − G̃ᵀ(δ(N−1)I + G̃G̃ᵀ)⁻¹G̃ for the centred gradients G̃ [N,P] (Woodbury).
func damped(rows [][]float64, mean []float64, delta float64) Preconditioner {
	centred, gram := gramMatrix(rows, mean)
	n := len(rows)
	for k := range n {
		gram.SetSym(k, k, gram.At(k, k)+delta*float64(n-1))
	}
	var factor mat.Cholesky
	factor.Factorize(gram) // δ > 0 makes it positive definite
	return func(v []float64) []float64 {
		dots, solved := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
		for k, g := range centred {
			dots.SetVec(k, floats.Dot(g, v))
		}
		if err := factor.SolveVecTo(solved, dots); err != nil {
			return constant(len(v), math.NaN())
		}
		out := append([]float64(nil), v...)
		for k, g := range centred {
			floats.AddScaled(out, -solved.AtVec(k), g)
		}
		return out
	}
}

// gramMatrix is the centred rows and their inner products [N,N].
func gramMatrix(rows [][]float64, mean []float64) (centred [][]float64, gram *mat.SymDense) {
	gram = mat.NewSymDense(len(rows), nil)
	for k, g := range rows {
		centred = append(centred, minus(g, mean))
		for j := range k + 1 {
			gram.SetSym(k, j, floats.Dot(centred[k], centred[j]))
		}
	}
	return centred, gram
}

// logDeterminant is log det(I + Σ/δ) over the few at u, which differs from log det(Σ + δI) by a constant.
func (l *lab) logDeterminant(u []float64, delta float64) float64 {
	rows := l.Each(l.few, u)
	_, gram := gramMatrix(rows, meanOf(rows, l.places()))
	n := len(rows)
	var whole mat.SymDense
	whole.ScaleSym(1/(delta*float64(n-1)), gram)
	for k := range n {
		whole.SetSym(k, k, whole.At(k, k)+1)
	}
	var factor mat.Cholesky
	factor.Factorize(&whole)
	return factor.LogDet()
}

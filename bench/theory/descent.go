package theory

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"

	"drift/optim"
)

// Descent is the rule v ← μv + g, θ ← θ − ηM v, with v₀ = 0 and g the gradient of ℓ + λ tr(MΣ) over a batch; with Nesterov the
// step follows g + μv. The zero value but for Rate is equation (3).
type Descent struct {
	Rate float64 // η
	optim.MomentumWeights
	Matrix Preconditioner // M, nil for the identity
	Lambda float64        // λ, of the covariance over the batch
	// Whole, where given, is the examples around whose gradient ḡ the noise of a batch is amplified: the descent follows
	// ḡ + Amplitude·(g − ḡ).
	Whole     []int
	Amplitude float64
}

// Preconditioner is a constant symmetric matrix M: it returns M v.
type Preconditioner func(v []float64) []float64

// times is M v.
func (m Preconditioner) times(v []float64) []float64 {
	if m == nil {
		return v
	}
	return m(v)
}

// motion is where a descent is.
type motion struct{ u, v, g []float64 }

func (w *World) rest() motion { return restOf(w.Parameters()) }

func restOf(p int) motion { return motion{make([]float64, p), make([]float64, p), make([]float64, p)} }

// step writes into next where one update from here leads.
func (w *World) step(d Descent, batch []int, here, next motion) {
	if w.visit != nil {
		w.visit(here.u)
	}
	if d.Lambda == 0 {
		w.gradient(batch, here.u, next.g)
	} else {
		mean, penalty := w.regularizer(d.Matrix, batch, here.u)
		floats.AddScaledTo(next.g, mean, d.Lambda, penalty)
	}
	if d.Whole != nil {
		whole := w.Gradient(d.Whole, here.u)
		floats.AddScaledTo(next.g, times(d.Amplitude, next.g), 1-d.Amplitude, whole)
	}
	copy(next.u, here.u)
	copy(next.v, here.v)
	d.push(next, next.g)
}

// push moves by a gradient. It is linear in the motion and the gradient together, so that deviations from a path move by it too.
func (d Descent) push(x motion, gradient []float64) {
	direction := gradient
	if d.Mu != 0 {
		floats.AddScaledTo(x.v, gradient, d.Mu, x.v)
		direction = x.v
		if d.Nesterov {
			direction = plus(gradient, d.Mu, x.v)
		}
	}
	floats.AddScaled(x.u, -d.Rate, d.Matrix.times(direction))
}

// regularizer is ḡ and ∂tr(MΣ) = (2/(N−1)) Σ_n h_n M(g_n − ḡ) over examples at u.
func (w *World) regularizer(m Preconditioner, examples []int, u []float64) (mean, gradient []float64) {
	if m == nil {
		mean, _, gradient = w.Covariance(examples, u)
		return mean, gradient
	}
	mean, gradient = w.Gradient(examples, u), make([]float64, w.Parameters())
	for _, n := range examples {
		g := w.Gradient([]int{n}, u)
		floats.Sub(g, mean)
		floats.AddScaled(gradient, 2/float64(len(examples)-1), w.HVP([]int{n}, u, m.times(g)))
	}
	return mean, gradient
}

// Follow is the displacement after updates with the given batches in turn.
func (w *World) Follow(d Descent, batches [][]int) []float64 {
	here, next := w.rest(), w.rest()
	for _, batch := range batches {
		w.step(d, batch, here, next)
		here, next = next, here
	}
	return here.u
}

// Full is the displacement after m updates with all examples in each.
func (w *World) Full(d Descent, examples []int, m int) []float64 {
	batches := make([][]int, m)
	for k := range batches {
		batches[k] = examples
	}
	return w.Follow(d, batches)
}

// OverSplits is the displacement after an epoch of m batches, averaged over every way to deal the examples out to them in
// order. What orders begin with in common is computed once.
func (w *World) OverSplits(d Descent, examples []int, m int) []float64 {
	size, mean := len(examples)/m, make([]float64, w.Parameters())
	choices, motions := make([][][]int, m), make([]motion, m+1)
	leaves := 1
	for k := range m {
		choices[k] = combin.Combinations(len(examples)-k*size, size)
		leaves *= len(choices[k])
		motions[k] = w.rest()
	}
	motions[m] = w.rest()
	var deal func(k int, left []int)
	deal = func(k int, left []int) {
		if k == m {
			floats.AddScaled(mean, 1/float64(leaves), motions[m].u)
			return
		}
		for _, chosen := range choices[k] {
			batch, others := part(left, chosen)
			w.step(d, batch, motions[k], motions[k+1])
			deal(k+1, others)
		}
	}
	deal(0, examples)
	return mean
}

// evaluations is the number of gradients that OverSplits takes.
func evaluations(examples, m int) int {
	size, nodes, all := examples/m, 1, 0
	for k := range m {
		nodes *= combin.Binomial(examples-k*size, size)
		all += nodes
	}
	return all
}

// part separates the items at the given ascending places from the others.
func part(items, places []int) (chosen, others []int) {
	for k, item := range items {
		if len(chosen) < len(places) && places[len(chosen)] == k {
			chosen = append(chosen, item)
		} else {
			others = append(others, item)
		}
	}
	return chosen, others
}

// shuffled is a random order of the examples dealt out to m batches.
func shuffled(r *rand.Rand, examples []int, m int) [][]int {
	order := make([]int, len(examples))
	for k, at := range r.Perm(len(examples)) {
		order[k] = examples[at]
	}
	return batches(order, m)
}

// drawn is m batches of examples drawn independently, with replacement.
func drawn(r *rand.Rand, examples []int, m int) [][]int {
	return batches(sample(r, examples, len(examples)), m)
}

// sample is n examples drawn independently.
func sample(r *rand.Rand, examples []int, n int) []int {
	some := make([]int, n)
	for k := range some {
		some[k] = examples[r.IntN(len(examples))]
	}
	return some
}

func batches(order []int, m int) [][]int {
	size, all := len(order)/m, make([][]int, m)
	for k := range all {
		all[k] = order[k*size : (k+1)*size]
	}
	return all
}

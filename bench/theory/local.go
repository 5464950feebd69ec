package theory

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"
)

// update checks (3): what the gradient of a batch is, and what a step along a direction does.
func (l *lab) update() []Check {
	r := l.random("(3)")
	var single, batch []float64
	for range 4 {
		places := r.Perm(len(l.few))[:len(l.few)/2]
		single = append(single, meanOf(l.rows, places)...)
		batch = append(batch, l.Gradient(pick(l.few, places), nil)...)
	}
	v := l.direction(r)
	readings := l.ladder(l.reach, steady, func(rate float64) []pair {
		p := pair{measured: minus(l.Losses(l.few, times(rate, v)), l.Losses(l.few, nil))}
		for _, g := range l.rows {
			p.predicted = append(p.predicted, rate*floats.Dot(g, v))
		}
		return []pair{p}
	})
	return []Check{
		equal("(3)", "the gradient of a batch is the mean of its examples' gradients", single, batch),
		order("(3)", "a step ηv changes the loss of each example by η g_n·v, to O(η²)", 2, readings[0]),
	}
}

// moments checks (4): the covariance in factored form against the gradients one by one.
func (l *lab) moments() []Check {
	n := float64(len(l.few))
	trace, gradient := l.sigma(l.few)
	var squares float64
	spread := make([]float64, l.Parameters())
	for k, g := range l.rows {
		d := minus(g, l.mean)
		squares += floats.Dot(d, d)
		floats.AddScaled(spread, 2/(n-1), l.HVP(l.few[k:k+1], nil, d))
	}
	size := len(l.few) / 2
	var sampled float64
	halves := combin.Combinations(len(l.few), size)
	for _, places := range halves {
		_, t, _ := l.Covariance(pick(l.few, places), nil)
		sampled += t / float64(len(halves))
	}
	directions := l.directions(l.random("(4)"))
	_, here, _ := l.Covariance(l.few, nil)
	readings := l.ladder(l.reach, steady, func(rate float64) []pair {
		var p pair
		for _, v := range directions {
			_, moved, _ := l.Covariance(l.few, times(rate, v))
			p.predicted, p.measured = append(p.predicted, rate*floats.Dot(gradient, v)), append(p.measured, moved-here)
		}
		return []pair{p}
	})
	unbiased := "tr Σ with 1/(N−1), over all subsets of half the examples, is in the mean that of all examples"
	return []Check{
		equal("(4)", "tr Σ from factored gradients is that of the gradients one by one", []float64{trace}, []float64{squares / (n - 1)}),
		equal("(4)", "∂tr Σ from one reverse sweep is (2/(N−1)) Σ_n h_n (g_n − ḡ)", gradient, spread),
		order("(4)", "a step ηv changes tr Σ by η ∂tr Σ·v, to O(η²)", 2, readings[0]),
		equal("(4)", unbiased, []float64{trace}, []float64{sampled}),
		control("control: the same with 1/N for 1/(N−1)",
			equal("(4)", "", times(1-1/n, []float64{trace}), times(1-1/float64(size), []float64{sampled}))),
	}
}

// overlaps checks (5) on a fixed set: the covariance of two batch gradients along random directions, over all pairs of
// subsets A, B of three and half of the examples, for each size of A∩B.
func (l *lab) overlaps() []Check {
	const directions = 3
	n, a, b := len(l.few), 3, len(l.few)/2
	r := l.random("(5)")
	var predicted, independent, measured []float64
	for range directions {
		v, w := l.along(r), l.along(r)
		product := floats.Dot(v, w) / float64(n-1)
		if l.claims.biased {
			product *= 1 - 1/float64(n)
		}
		mean, pairs := make([]float64, a+1), make([]float64, a+1)
		for _, first := range combin.Combinations(n, a) {
			for _, second := range combin.Combinations(n, b) {
				k := common(first, second)
				mean[k] += floats.Sum(choose(v, first)) / float64(a) * floats.Sum(choose(w, second)) / float64(b)
				pairs[k]++
			}
		}
		for k := range mean {
			if pairs[k] == 0 {
				continue
			}
			share := float64(k) / float64(a*b)
			predicted = append(predicted, (share-1/float64(n))*product)
			independent = append(independent, share*product)
			measured = append(measured, mean[k]/pairs[k])
		}
	}
	return []Check{
		equal("(5) ◆", "two subsets of a fixed set have gradients with covariance (|A∩B|/|A||B| − 1/N) Σ", predicted, measured),
		control("control: the same without 1/N, as if the set were not fixed", equal("(5) ◆", "", independent, measured)),
	}
}

// along is the centred gradients of the few along a random direction, [N].
func (l *lab) along(r *rand.Rand) []float64 {
	v, dots := l.direction(r), make([]float64, len(l.rows))
	for k, g := range l.rows {
		dots[k] = floats.Dot(g, v) - floats.Dot(l.mean, v)
	}
	return dots
}

// change checks (6): the loss of A after an update on B, for pairs that overlap by chance.
func (l *lab) change() []Check {
	const pairs = 6
	r := l.random("(6)")
	var first, second [][]int
	for range pairs {
		first = append(first, r.Perm(len(l.few))[:len(l.few)/2])
		second = append(second, r.Perm(len(l.few))[:len(l.few)/2])
	}
	readings := l.ladder(l.reach, steady, func(rate float64) []pair {
		var p pair
		for k := range pairs {
			a, g := pick(l.few, first[k]), l.Gradient(pick(l.few, second[k]), nil)
			p.predicted = append(p.predicted, -rate*floats.Dot(meanOf(l.rows, first[k]), g))
			p.measured = append(p.measured, l.Loss(a, times(-rate, g))-l.Loss(a, nil))
		}
		return []pair{p}
	})
	wrong := fmt.Sprintf("control: the same times %v", mutation)
	return []Check{
		order("(6)", "after an update on B the loss of A has changed by −η g^A·g^B, to O(η²)", 2, readings[0]),
		control(wrong, order("(6)", "", 2, scaled(readings[0], mutation))),
	}
}

// mutation is the factor of a control with a wrong coefficient.
const mutation = 1.05

// pick is the items at some places.
func pick(items []int, places []int) []int {
	some := make([]int, len(places))
	for k, at := range places {
		some[k] = items[at]
	}
	return some
}

func choose(x []float64, places []int) []float64 {
	some := make([]float64, len(places))
	for k, at := range places {
		some[k] = x[at]
	}
	return some
}

// common is the number of items that two ascending lists share.
func common(x, y []int) int {
	n := 0
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] < y[j]:
			i++
		case x[i] > y[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

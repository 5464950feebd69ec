package theory

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Populations: where the paper averages over realizations of the data, the training examples play the data distribution, from
// which data sets are drawn independently, with replacement. Its G is then their ḡ and its Σ their covariance with 1/N.

// Bounds on the gradients that are kept one by one: their numbers, and how many, since all their products are taken.
const (
	mostNumbers    = 1 << 26
	mostPopulation = 512
)

// population is the examples that play the data distribution.
func (l *lab) population() []int {
	return l.Train[:max(2, min(len(l.Train), mostPopulation, mostNumbers/l.Parameters()))]
}

// sizes of drawn data sets.
const (
	drawnSize = 8 // |A| and |B|
	drawnTwo  = 6 // |A∩B| in the check of (7)
)

// slow is a learning rate for a number of updates at which the next order in η is far below the standard errors.
func (l *lab) slow(updates int) float64 { return math.Ldexp(l.reach/float64(updates), -8) }

// data checks (7) to (9) in the mean over data sets drawn from the population.
func (l *lab) data() []Check {
	all := l.population()
	g, trace, _ := l.Covariance(all, nil)
	square := floats.Dot(g, g)
	trace *= 1 - 1/float64(len(all))
	losses := l.Losses(all, nil)
	r, rate := l.random("data sets"), l.slow(1)
	var partly, test, train, gap tally
	for range l.Draws {
		places := sample(r, upTo(len(all)), 2*drawnSize)
		b, a := places[:drawnSize], places[drawnSize:]
		after := l.Losses(pick(all, places), times(-rate, l.Gradient(pick(all, b), nil)))
		floats.Sub(after, choose(losses, places))
		inside, outside := mean(after[:drawnSize]), mean(after[drawnSize:])
		shared := (floats.Sum(after[:drawnTwo]) + floats.Sum(after[drawnSize:][:len(a)-drawnTwo])) / drawnSize
		train.add(inside / -rate)
		test.add(outside / -rate)
		partly.add(shared / -rate)
		gap.add((outside - inside) / rate)
	}
	overlap := trace * drawnTwo / (drawnSize * drawnSize)
	seven := fmt.Sprintf("data sets with |A| = |B| = %d, |A∩B| = %d: ⟨δℓ⟩/−η = ‖G‖² + (|A∩B|/|A||B|) tr Σ", drawnSize, drawnTwo)
	return []Check{
		average("(7)", seven, square+overlap, partly.estimate()),
		control("control: the same as if A and B were apart", average("(7)", "", square, partly.estimate())),
		average("(8)", "on test data ⟨δℓ⟩/−η = ‖G‖²", square, test.estimate()),
		average("(8)", "on training data ⟨δℓ⟩/−η = ‖G‖² + tr Σ/N", square+trace/drawnSize, train.estimate()),
		average("(9)", "the gap drifts by ⟨δε⟩/η = tr Σ/N", trace/drawnSize, gap.estimate()),
		control("control: there is no drift of the gap", average("(9)", "", 0, gap.estimate())),
	}
}

// upTo is 0 … n−1.
func upTo(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return all
}

// Size of the training set whose shuffles are sampled, where the examples reach, and its batches.
const (
	sampledSize    = 32
	sampledBatches = 8
)

// batchesOf is how many batches there are of n examples: less than usual where they would hold single ones. A shuffle and its reverse then
// have all pairs of examples, and differ from others by the next order in η alone, as the claim does from what is measured.
func batchesOf(n int) int {
	batches := sampledBatches
	for batches > 2 && n < 2*batches {
		batches /= 2
	}
	return batches
}

// Draws end before their number where both means have a standard error of a share of the drift that rejects the control clearly.
const (
	leastDraws   = 100
	preciseShare = 1. / 20
)

// sampled checks (13) for one training set with too many shuffles to take them all: the component of GD − SGD along the predicted drift,
// as a share of it, in the mean over shuffles; and that drawing batches with replacement leaves no drift.
func (l *lab) sampled() []Check {
	batches := batchesOf(len(l.Train))
	size := min(sampledSize, len(l.Train)/batches*batches)
	all := l.Train[:size]
	_, gradient := l.sigma(all)
	d := Descent{Rate: l.slow(batches)}
	predicted := times(l.claims.drift*d.Pairs(batches)*d.Rate*d.Rate/(2*float64(size)), gradient)
	full, mean := l.Full(d, all, batches), l.Gradient(all, nil)
	share := func(deal [][]int) float64 {
		return floats.Dot(predicted, l.second(d, deal, full, mean)) / floats.Dot(predicted, predicted)
	}
	r := l.random("shuffles")
	var shuffle, replace tally
	for k := 0; k < l.Draws && !(k >= leastDraws && math.Hypot(shuffle.estimate().error, replace.estimate().error) < preciseShare); k++ {
		deal := shuffled(r, all, batches)
		shuffle.add((share(deal) + share(reversed(deal))) / 2)
		deal = drawn(r, all, batches)
		replace.add((share(deal) + share(reversed(deal))) / 2)
	}
	s, w := shuffle.estimate(), replace.estimate()
	apart := average("(13) ◆", "", w.mean, estimate{s.mean, math.Hypot(s.error, w.error)})
	return []Check{
		average("(13) ◆", fmt.Sprintf("%d examples in %d batches: GD − ⟨SGD⟩ as a share of (η²/2N)(%d) ∂tr Σ", size, batches,
			batches*(batches-1)/2), 1, s),
		average("(13) ◆", "batches drawn with replacement leave no drift at this order, as a share of the same", 0, w),
		control("control: shuffles drift no more than batches drawn with replacement", apart),
	}
}

// second is GD − SGD after the given batches without the difference of order η, −η Σ_t a_{m−t} (ḡ − g^(t)) at θ₀, which is known and has mean
// zero. It vanishes for a shuffle without momentum; with momentum, or with replacement, it is most of the noise.
func (w *World) second(d Descent, deal [][]int, full, mean []float64) []float64 {
	x, m := minus(full, w.Follow(d, deal)), len(deal)
	if d.Mu == 0 {
		return plus(x, d.Rate*float64(m), minus(mean, w.Gradient(flat(deal), nil)))
	}
	for t, weight := 0, d.Weights(m); t < m; t++ {
		floats.AddScaled(x, d.Rate*weight[m-t], minus(mean, w.Gradient(deal[t], nil)))
	}
	return x
}

func reversed(deal [][]int) [][]int {
	back := make([][]int, len(deal))
	for k, batch := range deal {
		back[len(deal)-1-k] = batch
	}
	return back
}

func flat(deal [][]int) []int {
	var all []int
	for _, batch := range deal {
		all = append(all, batch...)
	}
	return all
}

package sigma

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"drift/data"
	"drift/data/random"
	"drift/graph/objective"
)

// window is gradients in slots of equal size, each taken from one batch, of which the oldest is replaced at every refresh. Its
// covariance is that within the slots, so that the way of the mean gradient from refresh to refresh is no part of it: with slot s
// of n_s examples and mean ḡ_s,
//
//	Σ = 1/Σ_s(n_s−1) · Σ_s Σ_{n∈s} (g_n − ḡ_s)(g_n − ḡ_s)ᵀ.
type window struct {
	*stored
	counts      []int         // examples in each slot
	next        int           // the slot to be replaced
	refreshes   uint64        // so far
	seed        uint64        // of the choice of examples
	centredGram *mat.SymDense // K = C R Rᵀ C = C G Gᵀ C, where C takes the mean of its slot off each row
	of          *Gram         // that K was made of
	squares     float64       // Σ_n ‖r_n‖² before C
	start       []float64     // of the search for eigenvectors: the sum of those found last, as far as their gradients are still there
}

func newWindow(f *objective.Objective, examples, slots int, seed uint64) (*window, error) {
	s, err := newStored(f, examples)
	if err != nil {
		return nil, err
	}
	return &window{stored: s, counts: make([]int, slots), seed: seed, centredGram: mat.NewSymDense(examples, nil),
		of:    &Gram{},
		start: make([]float64, examples)}, nil
}

// size is the rows of a slot.
func (w *window) size() int { return w.n / len(w.counts) }

// slot is the rows of a slot that hold gradients, [from, to), and where the next slot begins.
func (w *window) slot(s int) (from, to, end int) {
	from = s * w.size()
	return from, from + w.counts[s], from + w.size()
}

// refresh replaces the oldest slot by examples drawn from a batch; at first it fills as many slots as the batch can.
func (w *window) refresh(batch []int) error {
	size, slots := w.size(), 1
	if w.refreshes == 0 {
		slots = len(w.counts)
	}
	chosen := draw(random.New(w.seed, "window").At(w.refreshes).Rand, batch, slots*size)
	w.refreshes++
	first := w.next
	for k := range slots {
		slot := (first + k) % len(w.counts)
		own := chosen[min(k*size, len(chosen)):min((k+1)*size, len(chosen))]
		if _, err := w.take(slot*size, filled(own, chosen, size)); err != nil {
			return err
		}
		w.counts[slot] = len(own)
		clear(w.start[slot*size : (slot+1)*size])
		if len(own) > 0 {
			w.next = (slot + 1) % len(w.counts)
		}
	}
	return w.centred()
}

// filled is some examples with others behind them, over and over, up to a number. Rows that hold no gradient of their own hold one like
// the others, so that the means over all rows are those of gradients.
func filled(own, others []int, n int) []int {
	all := append(make([]int, 0, n), own...)
	for i := 0; len(all) < n; i++ {
		all = append(all, others[i%len(others)])
	}
	return all
}

// draw is k of some examples in random order, or all where there are fewer.
func draw(r *rand.Rand, examples []int, k int) []int {
	drawn := data.Draw(r, len(examples), k)
	for i, place := range drawn {
		drawn[i] = examples[place]
	}
	return drawn
}

// centred finds K. What belongs to rows without a gradient of their own is zero there.
func (w *window) centred() error {
	w.of.Rest = w.centredGram
	if err := w.gram(w.of); err != nil {
		return err
	}
	w.squares = 0
	for s := range w.counts {
		from, to, _ := w.slot(s)
		for i := from; i < to; i++ {
			w.squares += w.centredGram.At(i, i)
		}
	}
	products, mean := w.centredGram.RawSymmetric().Data, make([]float64, w.n)
	for i := range w.n {
		w.centre(products[i*w.n : (i+1)*w.n])
	}
	for s := range w.counts {
		from, to, end := w.slot(s)
		clear(mean)
		for i := from; i < to; i++ {
			floats.AddScaled(mean, 1/float64(to-from), products[i*w.n:(i+1)*w.n])
		}
		for i := from; i < to; i++ {
			floats.Sub(products[i*w.n:(i+1)*w.n], mean)
		}
		clear(products[to*w.n : end*w.n])
	}
	return nil
}

// centre takes the mean of its slot off every element, and clears those without a gradient.
func (w *window) centre(x []float64) {
	for s := range w.counts {
		from, to, end := w.slot(s)
		if to > from {
			floats.AddConst(-stat.Mean(x[from:to], nil), x[from:to])
		}
		clear(x[to:end])
	}
}

// freedom is Σ_s(n_s−1), by which Σ divides.
func (w *window) freedom() int {
	sum := 0
	for _, n := range w.counts {
		sum += max(0, n-1)
	}
	return sum
}

// trace is tr Σ, 0 where that is rounding noise.
func (w *window) trace() float64 {
	return traceOf(mat.Trace(w.centredGram), w.squares, w.of.Center, w.freedom()+1, w.f.DType())
}

// leading is the k leading eigenvalues of Σ in descending order, each with the coefficients of its vector u = Gᵀc; zeros where Σ has
// fewer.
func (w *window) leading(k int) (values []float64, vectors [][]float64, err error) {
	freedom := w.freedom()
	if freedom == 0 {
		return nil, nil, errors.New("covariance of one gradient: it takes batches of at least 2 examples")
	}
	pairs, err := w.pairs(min(k, freedom))
	if err != nil {
		return nil, nil, fmt.Errorf("spectrum of Σ: %w", err)
	}
	clear(w.start)
	values, vectors = make([]float64, k), make([][]float64, k)
	for i := range vectors {
		vectors[i] = make([]float64, w.n)
		if i < len(pairs) && pairs[i].Value > 0 {
			values[i] = pairs[i].Value / float64(freedom)
			copy(vectors[i], pairs[i].Vector)
			floats.Add(w.start, pairs[i].Vector)
			w.centre(vectors[i])
			floats.Scale(1/math.Sqrt(pairs[i].Value), vectors[i])
		}
	}
	return values, vectors, nil
}

// pairs is the leading eigenpairs of K.
func (w *window) pairs(k int) ([]Pair, error) {
	if w.n <= smallWindow || 4*k >= w.n {
		return Solve(w.centredGram, k)
	}
	return Leading(Dense{w.centredGram}, k, Search{Tolerance: 1e-3, Start: w.start})
}

// smallWindow is the size up to which all eigenpairs come as soon as some.
const smallWindow = 64

// state describes the gradients in the window.
func (w *window) state(s objective.State) {
	refreshes, next := float64(w.refreshes), float64(w.next)
	s.Numbers("window", &refreshes, &next)
	w.refreshes, w.next = uint64(refreshes), int(next)
	counts := make([]float64, len(w.counts))
	for k, n := range w.counts {
		counts[k] = float64(n)
	}
	s.Host("window counts", counts)
	for k, n := range counts {
		w.counts[k] = int(n)
	}
	s.Host("window start", w.start)
	for i, b := range w.factors {
		s.Vector(fmt.Sprint("window ", i), b)
	}
}

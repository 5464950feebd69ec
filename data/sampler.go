package data

import (
	"fmt"

	"drift/data/random"
)

// Sampling is a way of picking batches from n examples.
type Sampling uint8

const (
	// Full takes all examples, in order, every step.
	Full Sampling = iota
	// Shuffle goes through a new random permutation each epoch, without replacement. The last batch of an epoch is
	// shorter where the batch size does not divide n.
	Shuffle
	// Replacement draws every index of every batch independently and uniformly. All batches have the full size.
	Replacement
)

func (k Sampling) String() string { return [...]string{"full", "shuffle", "replacement"}[k] }

// Sampler yields the batches of indices of a training run. The batch of a step is a function of the seed and the step
// alone; Seek goes to any step.
type Sampler struct {
	kind     Sampling
	n, batch int
	step     int
	random   *random.Stream
	indices  []int // the epoch's permutation, or the batch drawn with replacement
	epoch    int   // the epoch of that permutation, -1 before the first
}

// NewSampler starts at step 0. For Full the batch size is n, whatever batch says; otherwise 1 ≤ batch ≤ n.
func NewSampler(kind Sampling, n, batch int, seed uint64) (*Sampler, error) {
	switch {
	case n < 1:
		return nil, fmt.Errorf("sampling batches: there are no examples")
	case kind == Full:
		batch = n
	case batch < 1 || batch > n:
		return nil, fmt.Errorf("sampling batches: batch size %d, want 1 to %d, the number of examples", batch, n)
	}
	s := &Sampler{kind: kind, n: n, batch: batch, random: random.New(seed, kind.String()), epoch: -1}
	if kind == Replacement {
		s.indices = make([]int, batch)
		return s, nil
	}
	s.indices = make([]int, n)
	s.order()
	return s, nil
}

// BatchesPerEpoch is ⌈n/batch⌉, for every kind.
func (s *Sampler) BatchesPerEpoch() int { return (s.n + s.batch - 1) / s.batch }

// BatchSize is the size of a batch that is not an epoch's short last one.
func (s *Sampler) BatchSize() int { return s.batch }

// Step is the number of the batch that Next returns next.
func (s *Sampler) Step() int { return s.step }

// Epoch is the epoch of that batch, Step / BatchesPerEpoch.
func (s *Sampler) Epoch() int { return s.step / s.BatchesPerEpoch() }

// Seek makes Next return the batch of the given step, 0 or more.
func (s *Sampler) Seek(step int) { s.step = step }

// Next returns the indices of the batch of the current step, and goes on to the next. They are valid until the next
// call and must not be changed.
func (s *Sampler) Next() []int {
	step, epoch := s.step, s.Epoch()
	s.step++
	if s.kind == Replacement {
		s.random.At(uint64(step))
		for i := range s.indices {
			s.indices[i] = s.random.IntN(s.n)
		}
		return s.indices
	}
	if s.kind == Shuffle && epoch != s.epoch {
		s.permute(epoch)
	}
	from := step % s.BatchesPerEpoch() * s.batch
	to := min(from+s.batch, s.n)
	return s.indices[from:to:to]
}

// Peek is the batch that Next will return, as far as that is known without drawing it: nil for one drawn with replacement, and at the
// end of an epoch.
func (s *Sampler) Peek() []int {
	switch {
	case s.kind == Full:
		return s.indices
	case s.kind == Replacement || s.Epoch() != s.epoch:
		return nil
	}
	from := s.step % s.BatchesPerEpoch() * s.batch
	return s.indices[from:min(from+s.batch, s.n)]
}

// order puts the indices in ascending order.
func (s *Sampler) order() {
	for i := range s.indices {
		s.indices[i] = i
	}
}

// permute shuffles the indices for an epoch (Fisher and Yates).
func (s *Sampler) permute(epoch int) {
	s.order()
	s.random.At(uint64(epoch))
	for i := s.n - 1; i > 0; i-- {
		j := s.random.IntN(i + 1)
		s.indices[i], s.indices[j] = s.indices[j], s.indices[i]
	}
	s.epoch = epoch
}

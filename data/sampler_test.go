package data

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawSampler(t *rapid.T) func() *Sampler {
	kind := rapid.SampledFrom([]Sampling{Full, Shuffle, Replacement}).Draw(t, "kind")
	n := rapid.IntRange(1, 40).Draw(t, "n")
	batch := rapid.IntRange(1, n).Draw(t, "batch")
	seed := rapid.Uint64().Draw(t, "seed")
	return func() *Sampler {
		s, err := NewSampler(kind, n, batch, seed)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestSeekGivesTheBatchesOfAnUnbrokenRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fresh := drawSampler(t)
		unbroken := fresh()
		var batches [][]int
		for range 50 {
			batches = append(batches, slices.Clone(unbroken.Next()))
		}
		s := fresh()
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 49), 1, 10).Draw(t, "steps") {
			s.Seek(step)
			if got := s.Next(); !slices.Equal(got, batches[step]) {
				t.Fatalf("step %d: %v after Seek, %v before", step, got, batches[step])
			}
		}
	})
}

func TestEpochWithoutReplacementIsAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSampler(t)()
		if s.kind == Replacement {
			return
		}
		for epoch := range 3 {
			var seen []int
			for s.Epoch() == epoch {
				batch := s.Next()
				if len(batch) != s.BatchSize() && s.Epoch() == epoch {
					t.Fatalf("a batch of %d before the epoch's last", len(batch))
				}
				seen = append(seen, batch...)
			}
			slices.Sort(seen)
			for i, index := range seen {
				if i != index || len(seen) != s.n {
					t.Fatalf("epoch %d visits %v of %d examples", epoch, seen, s.n)
				}
			}
		}
	})
}

func TestShufflesDifferBetweenEpochsAndSeeds(t *testing.T) {
	epoch := func(seed uint64, epoch int) []int {
		s, err := NewSampler(Shuffle, 100, 100, seed)
		if err != nil {
			t.Fatal(err)
		}
		s.Seek(epoch)
		return slices.Clone(s.Next())
	}
	if slices.Equal(epoch(1, 0), epoch(1, 1)) || slices.Equal(epoch(1, 0), epoch(2, 0)) {
		t.Error("two permutations of 100 are equal")
	}
}

// Each index falls on each place of the first batch with probability 1/n: of 20,000 seeds, 2,000 ± 42 (one standard
// deviation) put a given one of 10 there; 5 standard deviations are allowed.
func TestPlacesAreUniform(t *testing.T) {
	for _, kind := range []Sampling{Shuffle, Replacement} {
		var count [3][10]int
		for seed := range uint64(20000) {
			s, err := NewSampler(kind, 10, 3, seed)
			if err != nil {
				t.Fatal(err)
			}
			for place, index := range s.Next() {
				count[place][index]++
			}
		}
		for place, row := range count {
			for index, c := range row {
				if c < 2000-212 || c > 2000+212 {
					t.Errorf("%v: index %d is at place %d in %d of 20000 batches", kind, index, place, c)
				}
			}
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	for _, kind := range []Sampling{Full, Shuffle, Replacement} {
		s, err := NewSampler(kind, 100, 7, 1)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { s.Next() }); n != 0 {
			t.Errorf("%v: %v allocations a batch", kind, n)
		}
	}
}

func TestNewSamplerRefuses(t *testing.T) {
	for _, c := range []struct{ n, batch int }{{0, 1}, {10, 0}, {10, -1}, {10, 11}} {
		if _, err := NewSampler(Shuffle, c.n, c.batch, 1); err == nil {
			t.Errorf("n %d, batch %d: no error", c.n, c.batch)
		}
	}
	if s, err := NewSampler(Full, 10, 0, 1); err != nil || len(s.Next()) != 10 {
		t.Errorf("full batch: %v", err)
	}
}

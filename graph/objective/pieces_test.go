package objective_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/kernels/group"
	"drift/kernels/group/grouptest"
)

// linked is groups of goroutines over slow links.
func linked(t testing.TB, k int, latency time.Duration, rate float64) (groups []*group.Group, links []*grouptest.Link) {
	t.Helper()
	for _, goroutine := range group.Goroutines(k) {
		links = append(links, &grouptest.Link{Transport: goroutine, Latency: latency, Rate: rate})
		g, err := group.New(links[len(links)-1])
		must(t, err)
		groups = append(groups, g)
	}
	return groups, links
}

// Sums that go out layer by layer while the layers below are differentiated are those of the whole, to the bit, in any number of
// processes; with empty parts and several parts a process too.
func TestSumsThatGoOutInPiecesHaveTheSameBits(t *testing.T) {
	for _, n := range devicetest.Some(1, 30, 1, 3) {
		var examples []int
		for i := range n {
			examples = append(examples, i*7%30)
		}
		whole, failed := inParts(t, 1, 8, kernels.Float32, everything(examples))
		must(t, errors.Join(failed...))
		for _, k := range devicetest.Some(1, 4, 2, 8) {
			for _, least := range []int{1, 100} {
				got, failed := inParts(t, k, 8, kernels.Float32, func(f *Objective) ([]float64, error) {
					f.CutFinely(least)
					return everything(examples)(f)
				})
				must(t, errors.Join(failed...))
				for rank, x := range got {
					if !slices.Equal(x, whole[0]) {
						t.Errorf("%d examples, pieces of %d: process %d of %d finds other numbers", n, least, rank, k)
					}
				}
			}
		}
	}
}

// The 754 numbers of a gradient go out in three exchanges of an eighth of them and more, and scalars with the last.
func TestSumsGoOutInPieces(t *testing.T) {
	split, err := data.Load("glyphs,train=30,test=10,size=8", data.Options{Seed: 1})
	must(t, err)
	model, err := nn.Parse("mlp:8,8,8", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	groups, links := linked(t, 2, 0, 0)
	_, failed := together(t, groups, split, model, Options{Parts: 2, Chunk: 5}, func(f *Objective) ([]float64, error) {
		f.CutFinely(1)
		into, err := f.NewVector()
		if err != nil {
			return nil, err
		}
		return nil, f.Gradient(f.All(Train), into)
	})
	must(t, errors.Join(failed...))
	for rank, l := range links {
		if l.Calls != 3 {
			t.Errorf("process %d exchanges %d times", rank, l.Calls)
		}
	}
}

// A process that fails in the last chunk, when the others' pieces are on their way, ends the pass in all.
func TestAProcessThatFailsBetweenPiecesEndsThePassInAll(t *testing.T) {
	_, failed := inParts(t, 4, 4, kernels.Float32, func(f *Objective) ([]float64, error) {
		f.CutFinely(1)
		into, err := f.NewVector()
		if err != nil {
			return nil, err
		}
		examples := f.All(Train)[:20] // a chunk for each
		if f.Group().Rank() == 2 {
			examples[10] = 1 << 20
		}
		return nil, f.Gradient(examples, into)
	})
	for rank, err := range failed {
		if err == nil || !strings.Contains(err.Error(), "example 1048576") || rank != 2 && !strings.Contains(err.Error(), "process 2") {
			t.Errorf("process %d gets %v", rank, err)
		}
	}
}

// BenchmarkOverlap is the gradient of 1.9 million parameters in two processes over a link of 1 Gbit/s: in pieces that go out early, and in one
// that goes out at the end.
func BenchmarkOverlap(b *testing.B) {
	split := &data.Split{Train: images(512)}
	model, err := nn.Parse(mlp, split.Train.Shape, 10, nn.CrossEntropy{})
	must(b, err)
	for _, c := range []struct {
		name  string
		least int
		rate  float64
	}{{"early", 1 << 17, 1e9 / 8}, {"end", 1 << 30, 1e9 / 8}, {"no link", 1 << 30, 0}} {
		b.Run(c.name, func(b *testing.B) {
			groups, _ := linked(b, 2, 50*time.Microsecond, c.rate)
			_, failed := together(b, groups, split, model, Options{Parts: 2, Chunk: 256}, func(f *Objective) ([]float64, error) {
				f.CutFinely(c.least)
				into, err := f.NewVector()
				if err != nil {
					return nil, err
				}
				p, err := f.CompileGradient(512, into)
				if err != nil {
					return nil, err
				}
				for range b.N {
					if err := p.Run(f.All(Train)); err != nil {
						return nil, err
					}
				}
				return nil, nil
			})
			if err := errors.Join(failed...); err != nil {
				b.Fatal(fmt.Errorf("%s: %w", c.name, err))
			}
		})
	}
}

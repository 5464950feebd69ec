package objective_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/kernels/group"
)

// A process reads the examples of its own parts from a disk and no others, once each, for full batches and drawn ones: what K processes hold
// and read is a K-th of the data. The gradients are those of data in memory, to the bit.
func TestAProcessReadsItsOwnExamples(t *testing.T) {
	split, err := data.Load("glyphs,train=48,test=10,size=8", data.Options{Seed: 1})
	must(t, err)
	model, err := nn.Parse("mlp:7", split.Train.Shape, 10, nn.CrossEntropy{})
	must(t, err)
	batches := [][]int{nil, {40, 3, 21, 8, 33, 5, 17, 2}, {1, 9, 30, 44, 12, 25, 7, 36}} // nil is all
	var want []float64
	for _, k := range []int{1, 2, 4} {
		groups, err := group.Local(k)
		must(t, err)
		got, failed, reads := make([][]float64, k), make([]error, k), make([]*atomic.Int64, k)
		var wait sync.WaitGroup
		for rank, g := range groups {
			wait.Go(func() {
				of := split
				if k > 1 {
					of, reads[rank] = onDisk(split, -1)
				}
				dev := devicetest.Open(1)
				defer dev.Close()
				f, err := New(dev, model, of, Options{DType: kernels.Float32, Seed: 3, Chunk: 5, Parts: 8, Group: g})
				if err == nil {
					defer f.Close()
					got[rank], err = gradients(f, batches)
				}
				failed[rank] = g.Agree(err)
			})
		}
		wait.Wait()
		must(t, errors.Join(failed...))
		if k == 1 {
			want = got[0]
			continue
		}
		for rank := range got {
			if !slices.Equal(got[rank], want) {
				t.Errorf("process %d of %d finds other gradients", rank, k)
			}
			if n, own := reads[rank].Load(), int64((48+8+8)/k); n != own {
				t.Errorf("process %d of %d reads %d examples, its own are %d", rank, k, n, own)
			}
		}
	}
}

// gradients is those over batches, each announced while the one before is worked on.
func gradients(f *Objective, batches [][]int) (all []float64, err error) {
	into, err := f.NewVector()
	if err != nil {
		return nil, err
	}
	p, err := f.CompileGradient(len(f.All(Train)), into)
	if err != nil {
		return nil, err
	}
	for k, examples := range batches {
		if examples == nil {
			examples = f.All(Train)
		}
		if f.Expect(nil); k+1 < len(batches) {
			f.Expect(batches[k+1])
		}
		if err := p.Run(examples); err != nil {
			return nil, fmt.Errorf("batch %d: %w", k, err)
		}
		x := make([]float64, into.Len())
		if err := into.Read(x); err != nil {
			return nil, err
		}
		all = append(all, x...)
	}
	return all, nil
}

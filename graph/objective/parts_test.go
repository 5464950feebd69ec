package objective_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/kernels/group"
)

// inParts runs a body in k processes that share the parts of every pass.
func inParts(t *testing.T, k, parts int, dt kernels.DType, body func(f *Objective) ([]float64, error)) (all [][]float64, failed []error) {
	t.Helper()
	split, err := data.Load("glyphs,train=30,test=11,size=8", data.Options{Seed: 1})
	must(t, err)
	model, err := nn.Parse("mlp:7,act=tanh", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	groups, err := group.Local(k)
	must(t, err)
	return together(t, groups, split, model, Options{DType: dt, Seed: 3, Chunk: 5, Parts: parts}, body)
}

// together runs a body in the processes of groups.
func together(t testing.TB, groups []*group.Group, split *data.Split, model Model, o Options, body func(f *Objective) ([]float64, error)) (all [][]float64, failed []error) {
	t.Helper()
	k := len(groups)
	all, failed = make([][]float64, k), make([]error, k)
	var wait sync.WaitGroup
	for rank, g := range groups {
		wait.Go(func() {
			dev := devicetest.Open(1)
			defer dev.Close()
			o := o
			o.Group = g
			f, err := New(dev, model, split, o)
			if err == nil {
				defer f.Close()
				all[rank], err = body(f)
			}
			failed[rank] = g.Agree(err)
		})
	}
	wait.Wait()
	return all, failed
}

// everything is what passes of all kinds find over some examples.
func everything(examples []int) func(f *Objective) ([]float64, error) {
	return func(f *Objective) ([]float64, error) {
		mean, err := f.NewVector()
		if err != nil {
			return nil, err
		}
		slope, err := f.NewVector()
		if err != nil {
			return nil, err
		}
		value, err := f.Evaluate(examples)
		if err != nil {
			return nil, err
		}
		all := []float64{value.Accuracy, value.Loss}
		var rows Rows
		var number Number
		p, err := f.Compile(len(examples), func(b *Batch) {
			b.Rows(&rows, graph.Concat(1, graph.Reshape(b.Here().Loss, b.N, 1), b.Here().Output))
			b.Number(&number, graph.SumAll(b.Here().Output))
		}, nil)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(p.Run(examples), p.Numbers()); err != nil {
			return nil, err
		}
		all = append(append(all, rows.Values...), number.Value)
		trace := 0.0
		if len(examples) > 1 {
			if trace, err = f.TraceGradient(examples, mean, slope); err != nil {
				return nil, err
			}
			all = append(all, trace)
		}
		for _, v := range []kernels.Buffer{mean, slope} {
			x := make([]float64, v.Len())
			if err := v.Read(x); err != nil {
				return nil, err
			}
			all = append(all, x...)
		}
		return all, f.HVP(examples, mean, slope)
	}
}

// Whatever passes find is the same in any number of processes, to the bit, and in one part, to rounding; with fewer examples than parts or
// processes too.
func TestPartsOfAPassAddUp(t *testing.T) {
	for _, n := range devicetest.Some(2, 3, 30, 1, 2, 9) {
		var examples []int
		for i := range n {
			examples = append(examples, i*7%30)
		}
		one, failed := inParts(t, 1, 1, kernels.Float64, everything(examples))
		must(t, errors.Join(failed...))
		var want []float64
		for _, k := range devicetest.Some(2, 1, 4, 2, 8) {
			got, failed := inParts(t, k, 8, kernels.Float64, everything(examples))
			must(t, errors.Join(failed...))
			if want == nil {
				want = got[0]
			}
			for rank, x := range got {
				if !slices.Equal(x, want) {
					t.Errorf("%d examples: process %d of %d finds other numbers than one process", n, rank, k)
				}
			}
		}
		if len(one[0]) != len(want) {
			t.Fatalf("%d examples: %d numbers in one part and %d in eight", n, len(one[0]), len(want))
		}
		for i, x := range one[0] {
			if !(math.Abs(x-want[i]) <= 1e-11*math.Max(1, math.Abs(x))) { // sums of at most 30 numbers of order 1 to 100
				t.Errorf("%d examples: number %d is %v in one part and %v in eight", n, i, x, want[i])
			}
		}
	}
}

func TestAPassThatFailsInOneProcessFailsInAll(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(f *Objective)
		is    func(err error) bool
	}{
		"an interruption": {func(f *Objective) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			f.SetContext(ctx)
		}, func(err error) bool { return errors.Is(err, context.Canceled) }},
		"memory": {func(f *Objective) { f.Scarce(1) }, func(err error) bool { return strings.Contains(err.Error(), "are free") }},
	} {
		_, failed := inParts(t, 4, 4, kernels.Float32, func(f *Objective) ([]float64, error) {
			if f.Group().Rank() == 2 {
				c.spoil(f)
			}
			_, err := f.Evaluate(f.All(Train))
			return nil, err
		})
		for rank, err := range failed {
			if err == nil || !c.is(err) || rank != 2 && !strings.Contains(err.Error(), "process 2") {
				t.Errorf("%s: process %d gets %v", name, rank, err)
			}
		}
	}
}

func TestPartsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		processes, parts int
		says             string
	}{{1, 3, "power of two"}, {1, -2, "power of two"}, {4, 2, "at least as many parts"}, {2, 0, "at least as many parts"}} {
		_, failed := inParts(t, c.processes, c.parts, kernels.Float32, everything([]int{0}))
		for _, err := range failed {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%d processes and %d parts: %v, want %q", c.processes, c.parts, fmt.Sprint(err), c.says)
			}
		}
	}
}

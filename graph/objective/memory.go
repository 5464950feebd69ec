package objective

import (
	"fmt"

	"drift/graph"
)

// Recompute says when activations are computed again, where the backward pass reads them, rather than kept in memory until then
// (graph.Recompute). It changes memory and time, and no bit of a result.
type Recompute int

const (
	RecomputeWhenFull Recompute = iota // where a program does not fit what is free on the device
	RecomputeNever
	RecomputeCheap // whatever takes little time beside products
	RecomputeAll   // products too
)

var recomputes = [...]string{"auto", "off", "cheap", "all"}

func (r Recompute) String() string { return recomputes[r] }

// ParseRecompute reads auto, off, cheap or all.
func ParseRecompute(s string) (Recompute, error) {
	for r, name := range recomputes {
		if name == s {
			return Recompute(r), nil
		}
	}
	return 0, fmt.Errorf("got %q: choose from auto, off, cheap, all", s)
}

// fit makes a plan need less memory, as the option Recompute says.
func (f *Objective) fit(plan *graph.Plan) {
	switch f.recompute {
	case RecomputeCheap:
		plan.Recompute(graph.RecomputeCheap, 0)
	case RecomputeAll:
		plan.Recompute(graph.RecomputeAll, 0)
	case RecomputeWhenFull:
		free := f.device.FreeBytes()
		if f.arena != nil {
			free += int64(f.arena.Len()) * int64(f.dtype.Size())
		}
		plan.Recompute(graph.RecomputeCheap, free)
		plan.Recompute(graph.RecomputeAll, free)
	}
}

// WorkBytes is the memory that the programs run so far hold besides data, parameters and vectors: their common arena and the
// device's scratch memory.
func (f *Objective) WorkBytes() int64 {
	var bytes int64
	if f.arena != nil {
		bytes = int64(f.arena.Len()) * int64(f.dtype.Size())
	}
	for c := range f.programs {
		bytes += c.loaded.Bytes() - c.plan.Bytes()
	}
	return bytes
}

// GradientBytes is the memory that the gradient over n examples at once would work in, besides data, parameters and what it writes.
func (f *Objective) GradientBytes(n int) (int64, error) {
	plan, err := f.Training().plan(n, meanGradient(f.theta))
	if err != nil {
		return 0, err
	}
	return plan.Bytes(), nil
}

// Chunk is the most examples that are worked on at once.
func (f *Objective) Chunk() int { return f.chunk }

package objective

import (
	"fmt"
	"math/bits"

	"drift/graph"
	"drift/kernels"
	"drift/kernels/group"
)

// fold adds up the sums of the parts of a pass in a binary tree: on the device those of this process, and over the group by way of the host.
type fold struct {
	group  *group.Group
	totals []kernels.Buffer // the sums of the part at hand
	rows   []rowsOf         // that the host wants
	levels []level          // what waits for its other half, by its number of parts, 1, 2, 4 …
	empty  *graph.Program   // makes the sums those of no examples
	host   hostSums         // room for the sums; nil for a process alone
}

// level is a complete subtree that waits for the one beside it.
type level struct {
	waiting   []kernels.Buffer
	keep, add *graph.Program // waiting ← totals, and totals ← waiting + totals
}

// newFold is for the sums and rows of a part's batch.
func (p *Pass) newFold(b *Batch) (*fold, error) {
	f := &fold{group: p.objective.division.group, rows: b.rows}
	f.totals = append(f.totals, b.totals...)
	f.totals = append(f.totals, p.scalars.Slice(scalarLoss, scalarLoss+1), p.scalars.Slice(scalarCorrect, scalarCount+len(p.numbers)))
	if f.group.Size() > 1 {
		f.host = newHostSums(p.objective.dtype, f.totals)
	}
	first, last := p.objective.division.own()
	if err := f.prepare(p.objective, last-first); err != nil {
		f.close()
		return nil, fmt.Errorf("memory to add up %d parts: %w", p.objective.division.parts, err)
	}
	return f, nil
}

func (f *fold) prepare(o *Objective, parts int) (err error) {
	f.empty, err = o.NewProgram(func(b *Builder) {
		for _, t := range f.totals {
			leaf := b.Leaf(t, t.Len())
			b.Set(leaf, graph.Fill(leaf, 0))
		}
	})
	for n := 1; err == nil && n < parts; n *= 2 {
		f.levels = append(f.levels, level{})
		err = f.levels[len(f.levels)-1].prepare(o, f.totals)
	}
	return err
}

func (l *level) prepare(o *Objective, totals []kernels.Buffer) (err error) {
	for _, t := range totals {
		b, err := o.device.NewBuffer(t.DType(), t.Len())
		if err != nil {
			return err
		}
		l.waiting = append(l.waiting, b)
	}
	if l.keep, err = o.NewProgram(func(b *Builder) {
		for k, t := range totals {
			b.Set(b.Leaf(l.waiting[k], t.Len()), b.Leaf(t, t.Len()))
		}
	}); err != nil {
		return err
	}
	l.add, err = o.NewProgram(func(b *Builder) {
		for k, t := range totals {
			leaf := b.Leaf(t, t.Len())
			b.Set(leaf, graph.Add(b.Leaf(l.waiting[k], t.Len()), leaf))
		}
	})
	return err
}

// part takes in the sums of the k-th part of this process, which come in order. After the last they are those of all of them.
func (f *fold) part(k int, empty bool) error {
	if empty {
		if err := f.empty.Run(); err != nil {
			return err
		}
	}
	done := bits.TrailingZeros(^uint(k)) // subtrees that the part completes
	for _, l := range f.levels[:done] {
		if err := l.add.Run(); err != nil {
			return err
		}
	}
	if done == len(f.levels) { // the last part
		return nil
	}
	return f.levels[done].keep.Run()
}

// combine makes the sums those of all processes, unless something went wrong in one of them.
func (f *fold) combine(err error) error {
	if f.host == nil {
		return err
	}
	if err == nil {
		err = f.host.read(f.totals)
	}
	if err = f.group.Sum(f.host.values(), err); err != nil {
		return err
	}
	for _, r := range f.rows {
		if err := f.group.Sum(r.into.Values, nil); err != nil {
			return err
		}
	}
	return f.host.write(f.totals)
}

func (f *fold) close() {
	if f == nil {
		return
	}
	programs := []*graph.Program{f.empty}
	for _, l := range f.levels {
		programs = append(programs, l.keep, l.add)
		Free(l.waiting...)
	}
	for _, p := range programs {
		if p != nil {
			p.Close()
		}
	}
}

// hostSums is room for sums on the host, one behind the other, in their own type.
type hostSums interface {
	values() any
	read(from []kernels.Buffer) error
	write(to []kernels.Buffer) error
}

func newHostSums(dt kernels.DType, sums []kernels.Buffer) hostSums {
	n := 0
	for _, b := range sums {
		n += b.Len()
	}
	if dt == kernels.Float64 {
		return make(typedSums[float64], n)
	}
	return make(typedSums[float32], n)
}

type typedSums[T kernels.Float] []T

func (s typedSums[T]) values() any { return []T(s) }

func (s typedSums[T]) read(from []kernels.Buffer) error { return s.each(from, kernels.Buffer.Read) }

func (s typedSums[T]) write(to []kernels.Buffer) error { return s.each(to, kernels.Buffer.Write) }

// each does something to each buffer with its numbers, a []T.
func (s typedSums[T]) each(buffers []kernels.Buffer, do func(b kernels.Buffer, numbers any) error) error {
	at := 0
	for _, b := range buffers {
		if err := do(b, []T(s[at:at+b.Len()])); err != nil {
			return err
		}
		at += b.Len()
	}
	return nil
}

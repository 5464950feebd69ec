package objective

import (
	"fmt"
	"math"
	"math/bits"

	"drift/graph"
	"drift/kernels"
	"drift/kernels/group"
)

// fold adds up the sums of the parts of a pass in a binary tree: on the device those of this process, and over the
// group on devices that have joined, or by way of the host.
type fold struct {
	group    *group.Group
	pieces   []piece        // the sums of the part at hand
	complete int            // pieces that are the sums of all parts of this process
	rows     []rowsOf       // that the host wants
	levels   []level        // what waits for its other half, by its number of parts, 1, 2, 4 …
	empty    *graph.Program // makes the sums those of no examples
	device   kernels.Device
	adding   kernels.Executable // over the group; nil where the device has not joined it
	host     hostSums           // room for the sums where they go by way of the host
	sender   sender
}

// level is a complete subtree that waits for the one beside it.
type level struct {
	waiting []kernels.Buffer
	keep    *graph.Program   // waiting ← sums
	add     []*graph.Program // sums ← waiting + sums, by piece
}

// newFold is for the sums and rows of a part's batch.
func (p *Pass) newFold(b *Batch) (*fold, error) {
	f := &fold{group: p.objective.division.group, rows: b.rows, device: p.objective.device}
	scalars := []kernels.Buffer{p.scalars.Slice(scalarLoss, scalarLoss+1), p.scalars.Slice(scalarCorrect, scalarCount+len(p.numbers))}
	d, joined := p.objective.division, p.objective.joined()
	if joined != nil {
		d.piece = math.MaxInt // devices add up all at once
	}
	f.pieces = d.cutIntoPieces(b.totals, scalars)
	first, last := d.own()
	err := f.prepare(p.objective, last-first)
	if err == nil && joined != nil {
		f.adding, err = joined.Adding(f.sums())
	} else if f.group.Size() > 1 {
		f.host = newHostSums(p.objective.dtype, f.pieces)
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("memory to add up %d parts: %w", p.objective.division.parts, err)
	}
	return f, nil
}

// joined is the device where it adds up with those of the other processes, else nil.
func (f *Objective) joined() group.Adder {
	if d, ok := f.device.(group.Adder); ok && f.Group().Size() > 1 && d.Joined() {
		return d
	}
	return nil
}

func (f *fold) prepare(o *Objective, parts int) (err error) {
	f.empty, err = o.NewProgram(func(b *Builder) {
		for _, t := range f.sums() {
			leaf := b.Leaf(t, t.Len())
			b.Set(leaf, graph.Fill(leaf, 0))
		}
	})
	for n := 1; err == nil && n < parts; n *= 2 {
		f.levels = append(f.levels, level{})
		err = f.levels[len(f.levels)-1].prepare(o, f.pieces)
	}
	return err
}

// sums is the buffers of all pieces.
func (f *fold) sums() (all []kernels.Buffer) {
	for _, p := range f.pieces {
		all = append(all, p.sums...)
	}
	return all
}

func (l *level) prepare(o *Objective, pieces []piece) (err error) {
	var all []kernels.Buffer
	for _, p := range pieces {
		var waiting []kernels.Buffer
		for _, t := range p.sums {
			b, err := o.device.NewBuffer(t.DType(), t.Len())
			if err != nil {
				return err
			}
			waiting = append(waiting, b)
			l.waiting = append(l.waiting, b)
		}
		add, err := o.NewProgram(func(b *Builder) {
			for k, t := range p.sums {
				leaf := b.Leaf(t, t.Len())
				b.Set(leaf, graph.Add(b.Leaf(waiting[k], t.Len()), leaf))
			}
		})
		if err != nil {
			return err
		}
		l.add, all = append(l.add, add), append(all, p.sums...)
	}
	l.keep, err = o.NewProgram(func(b *Builder) {
		for k, t := range all {
			b.Set(b.Leaf(l.waiting[k], t.Len()), b.Leaf(t, t.Len()))
		}
	})
	return err
}

// part takes in the sums of the k-th part of this process, which come in order. Those of the last one are completed by combine, as far as
// they are not yet.
func (f *fold) part(k int, empty bool) error {
	if empty {
		if err := f.empty.Run(); err != nil {
			return err
		}
	}
	done := bits.TrailingZeros(^uint(k)) // subtrees that the part completes
	if done == len(f.levels) {
		return nil
	}
	for i := range f.pieces {
		if err := f.add(i, done); err != nil {
			return err
		}
	}
	return f.levels[done].keep.Run()
}

// add adds to a piece what waits for it in the first levels.
func (f *fold) add(piece, levels int) error {
	for _, l := range f.levels[:levels] {
		if err := l.add[piece].Run(); err != nil {
			return err
		}
	}
	return nil
}

// settle completes the first pieces of the last part, and lets them go out to the other processes.
func (f *fold) settle(pieces int) error {
	for ; f.complete < pieces; f.complete++ {
		if err := f.add(f.complete, len(f.levels)); err != nil {
			return err
		}
		if f.host == nil {
			continue
		}
		p := f.pieces[f.complete]
		if err := f.host.read(p); err != nil {
			return err
		}
		f.sender.send(f.group, f.host.values(p), len(f.pieces)-f.complete-1)
	}
	return nil
}

// run runs the program of the last chunk, and settles pieces as they come.
func (f *fold) run(c *graph.Program) error { return c.RunStages(f.settle) }

// combine makes the sums those of all processes, unless something went wrong in one of them.
func (f *fold) combine(err error) error {
	if err == nil {
		err = f.settle(len(f.pieces))
	}
	f.complete = 0
	switch {
	case f.adding != nil:
		if err == nil {
			err = f.device.Synchronize() // what goes wrong up to here is told the others
		}
		err = f.group.Through(f.adding.Run, err)
	case f.host != nil:
		err = f.sender.wait(f.group, err)
	}
	if err != nil || f.group.Size() == 1 {
		return err
	}
	for _, r := range f.rows {
		if err := f.group.Sum(r.into.Values, nil); err != nil {
			return err
		}
	}
	if f.host == nil {
		return nil
	}
	return f.host.write(f.pieces)
}

func (f *fold) close() {
	if f == nil {
		return
	}
	programs := []*graph.Program{f.empty}
	for _, l := range f.levels {
		programs = append(append(programs, l.keep), l.add...)
		Free(l.waiting...)
	}
	for _, p := range programs {
		if p != nil {
			p.Close()
		}
	}
	if f.adding != nil {
		f.adding.Close()
	}
}

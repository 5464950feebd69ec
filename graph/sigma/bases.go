package sigma

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// bases is the eigenbases of the Kronecker factors of Σ in every weight: of Σ_nt a_nt a_ntᵀ for what enters the layer, and of the centred
// Σ_nt (d_nt−d̄)(d_nt−d̄)ᵀ for the adjoints of what leaves it, because Σ ≈ Cov(d) ⊗ E[a aᵀ] where the two are independent and d̄ is small.
type bases struct {
	f       *objective.Objective
	average float64
	every   int             // steps between refreshments
	layers  []*layer        // by parameter; nil for those that keep their diagonal: biases, scales and what has no factors
	axes    kernels.Buffer  // the bases, one behind the other
	pass    *objective.Pass // finds the moments
	centers kernels.Buffer  // means of the adjoints in the first chunk, which all chunks take off them
	moments kernels.Buffer  // room for the moments of a batch, in the same places, and the sums of the adjoints behind them
	factors []float64       // running means of the moments, centred and divided by the number of positions
	age     int             // steps since the bases were found; 0: there are none
	batches float64         // in the running means
}

// layer says where a weight's bases are: [in,in] of each group from at on and [out,out] of each behind them; its sums of adjoints are from
// sums on.
type layer struct {
	groups            int // of a convolution; else 1
	in, out, at, sums int // in and out of a group
	positions         int // at which the weight is applied to an example
}

func (l *layer) middle() int { return l.at + l.groups*l.in*l.in }
func (l *layer) end() int    { return l.middle() + l.groups*l.out*l.out }

// shape puts the groups before the axes of what each of them has.
func (l *layer) shape(axes ...int) []int {
	if l.groups == 1 {
		return axes
	}
	return append([]int{l.groups}, axes...)
}

func newBases(f *objective.Objective, average float64, every int) (*bases, error) {
	if every < 1 {
		return nil, fmt.Errorf("factors refreshed every %d steps: give at least 1", every)
	}
	b := &bases{f: f, average: average, every: every}
	groups, err := factored(f)
	if err != nil {
		return nil, err
	}
	size, sums := 0, 0
	for k, p := range f.Model.Params() {
		if groups[k] == 0 {
			b.layers = append(b.layers, nil)
			continue
		}
		l := &layer{groups: groups[k], in: p.Len / p.Shape[0], out: p.Shape[0] / groups[k], at: size, sums: sums}
		size, sums = l.end(), sums+p.Shape[0]
		b.layers = append(b.layers, l)
	}
	for _, l := range b.layers {
		if l != nil {
			l.sums += size
		}
	}
	b.factors = make([]float64, size)
	if b.axes, err = f.Device().NewBuffer(f.DType(), max(1, size)); err == nil {
		b.moments, err = f.Device().NewBuffer(f.DType(), max(1, size+sums))
	}
	if err == nil {
		b.centers, err = f.Device().NewBuffer(f.DType(), max(1, sums))
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("memory for Kronecker factors: %w", err)
	}
	return b, nil
}

// factored is in how many groups each parameter has Kronecker factors, 0 for those without.
func factored(f *objective.Objective) (groups []int, err error) {
	return groups, f.Sketch(2, func(b *objective.Batch) {
		p := b.Here().PerExample()
		for k := range b.Params {
			groups = append(groups, 0)
			if factors, ok := p.Kronecker(k); ok && len(b.Params[k].Shape()) > 1 {
				groups[k] = factors.Groups()
			}
		}
	})
}

// leaves are the bases of a layer as a program's leaves, given what makes one of a buffer.
func (b *bases) leaves(l *layer, leaf func(kernels.Buffer, ...int) *graph.Node) (in, out *graph.Node) {
	return leaf(b.axes.Slice(l.at, l.middle()), l.shape(l.in, l.in)...), leaf(b.axes.Slice(l.middle(), l.end()), l.shape(l.out, l.out)...)
}

// center is what is taken off the adjoints of a layer: their mean in the first chunk.
func (b *bases) center(of *objective.Batch, l *layer, factors graph.Kronecker) *graph.Node {
	from := l.sums - (b.moments.Len() - b.centers.Len())
	leaf := of.Leaf(b.centers.Slice(from, from+l.groups*l.out), l.shape(l.out)...)
	if !of.Refers() {
		return leaf
	}
	mean := factors.OutputMean()
	of.Set(leaf, mean)
	return mean
}

// squares puts the squares in the bases in the place of those of the weights.
func (b *bases) squares(of *objective.Batch, d *graph.Deviations, squares []*graph.Node) {
	for k, l := range b.layers {
		if l == nil {
			continue
		}
		in, out := b.leaves(l, of.Leaf)
		squares[k] = graph.Reshape(d.RotatedSquares(k, in, out), squares[k].Shape()...)
	}
}

// step takes a step, for which it refreshes the bases where that is due.
func (b *bases) step(batch []int) (fresh bool, err error) {
	if b.age == 0 || b.age >= b.every {
		if err := b.refresh(batch); err != nil {
			return false, err
		}
		b.age, fresh = 0, true
	}
	b.age++
	return fresh, nil
}

func (b *bases) refresh(batch []int) (err error) {
	if b.pass == nil {
		if b.pass, err = b.f.Compile(len(batch), b.factor, nil); err != nil {
			return fmt.Errorf("preparing Kronecker factors: %w", err)
		}
	}
	if err := b.pass.Run(batch); err != nil {
		return err
	}
	return b.turn(float64(len(batch)))
}

// factor adds the moments of a chunk.
func (b *bases) factor(of *objective.Batch) {
	p := of.Here().PerExample()
	for k, l := range b.layers {
		if l == nil {
			continue
		}
		factors, _ := p.Kronecker(k)
		of.Total(b.moments.Slice(l.at, l.middle()), factors.InputMoment())
		moment, sum := factors.OutputMoment(b.center(of, l, factors))
		of.Total(b.moments.Slice(l.middle(), l.end()), moment)
		of.Total(b.moments.Slice(l.sums, l.sums+l.groups*l.out), sum)
		l.positions = factors.Positions()
	}
}

func (b *bases) state(s objective.State) {
	age := float64(b.age)
	s.Numbers("bases", &age, &b.batches)
	b.age = int(age)
	s.Host("factors", b.factors)
	s.Vector("axes", b.axes)
}

func (b *bases) close() {
	b.pass.Close()
	objective.Free(b.axes, b.centers, b.moments)
}

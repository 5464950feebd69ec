package cpu

import (
	"slices"

	"drift/kernels"
)

// convTerm is a convolution of a sum: of images x with kernels k, which they share or which are each image's own.
type convTerm struct {
	x, k []float32
	own  bool
}

// convTerms are convolutions whose outputs are added up where they are still transformed: as one with the inputs of all. At most one has kernels of
// its own for each image.
type convTerms struct {
	list            []convTerm
	inputs, outputs int // of a term
	turned          bool
}

// step is from the transformed kernels of one place of a patch, [terms, inputs, outputs], to those of the next.
func (t *convTerms) step() int { return kernelStep(len(t.list)*t.inputs, t.outputs) }

// prepare adds the step that transforms the kernels that images share, into each of some copies.
func (t *convTerms) prepare(l *loader, copies int, of func(copy int) []float32) {
	groups := kernelGroups(t.inputs, t.outputs)
	for i, term := range t.list {
		if term.own {
			continue
		}
		l.parallel(copies*groups, 512, func(_, from, to int) {
			for from < to {
				n, end := from/groups, min(to, (from/groups+1)*groups)
				t.transform(of(n), i, term.k, from-n*groups, end-n*groups)
				from = end
			}
		})
	}
}

// transform puts some groups of a term's kernels k into those of all terms.
func (t *convTerms) transform(all []float32, term int, k []float32, from, to int) {
	transformKernels(all[term*t.inputs*t.outputs:], t.step(), k, t.inputs, t.outputs, from, to, t.turned)
}

// own is the term that has kernels of its own for each image, and image n's.
func (t *convTerms) own(n int) (term int, k []float32) {
	term = slices.IndexFunc(t.list, func(c convTerm) bool { return c.own })
	each := 9 * t.inputs * t.outputs
	return term, t.list[term].k[n*each:][:each]
}

// Sums reports what goes by wide tiles: a transform of the outputs, and writing and reading them, is saved.
func (d *device) Sums(p kernels.ConvSum, dt kernels.DType) bool {
	if dt != kernels.Float32 || p.Parts() > 1 {
		return false
	}
	c := &convolution[float32]{Conv: p.Conv, parts: 1}
	inputs, outputs := c.sides(p.Input)
	return c.wide(inputs, outputs, 2) != nil
}

// sides are the channels that a convolution reads and writes, or its adjoint.
func (c *convolution[T]) sides(adjoint bool) (inputs, outputs int) {
	if adjoint {
		return c.O, c.C
	}
	return c.C, c.O
}

// loadConvSum adds up by tiles, or what the convolutions give one by one.
func loadConvSum[T kernels.Float](l *loader, p kernels.ConvSum, o operands[T]) error {
	c := newConvolution[T](l, p.Conv)
	inputs, outputs := c.sides(p.Input)
	y := o.out[0]
	if d := c.wide(inputs, outputs, 2); d != nil {
		terms := []convTerm{{as32(o.in[0]), as32(o.in[1]), false}, {as32(o.in[2]), as32(o.in[3]), p.PerExample}}
		d.load(l, as32(y), &convTerms{terms, inputs, outputs, p.Input})
		return nil
	}
	second := make([]T, len(y))
	for i, to := range [][]T{y, second} {
		if err := prepare(l, p.Terms()[i], operands[T]{out: [][]T{to}, in: o.in[2*i : 2*i+2]}); err != nil {
			return err
		}
	}
	l.bytes += int64(len(second) * sizeOf[T]())
	l.parallel(len(y), 1, func(_, from, to int) { c.add(y[from:to], y[from:to], second[from:to], 0) })
	return nil
}

var _ kernels.Summing = (*device)(nil)

package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/winograd4"
)

// convTerm is a convolution of a sum: of images x with kernels k, which they share or which are each image's own.
type convTerm struct {
	x, k []float32
	own  bool
}

// convTerms are convolutions whose outputs are added up where they are still transformed. At most one has kernels of its own for each image.
type convTerms struct {
	list            []convTerm
	inputs, outputs int
	turned          bool
}

// prepare adds the steps that transform the kernels that images share, and gives the function that finds those of a term, own being an image's own.
func (t *convTerms) prepare(l *loader) (kernelsOf func(term int, own []float32) []float32) {
	bytes, places := ownBytes(t.inputs, t.outputs), make([]int, len(t.list))
	end := 0
	for i, term := range t.list {
		if !term.own {
			places[i], end = end, end+bytes
		}
	}
	l.shared.reserve(end)
	step := kernelStep(t.inputs, t.outputs)
	kernelsOf = func(term int, own []float32) []float32 {
		if t.list[term].own {
			return own
		}
		return view[float32](l.shared, 0, places[term], winograd4.Places*step)
	}
	for i, term := range t.list {
		if !term.own {
			l.parallel(kernelGroups(t.inputs, t.outputs), 512, func(_, from, to int) {
				transformKernels(kernelsOf(i, nil), step, term.k, t.inputs, t.outputs, from, to, t.turned)
			})
		}
	}
	return kernelsOf
}

// own is image n's own kernels.
func (t *convTerms) own(n int) []float32 {
	each := 9 * t.inputs * t.outputs
	for _, term := range t.list {
		if term.own {
			return term.k[n*each:][:each]
		}
	}
	return nil
}

// transform puts image n's own kernels into own.
func (t *convTerms) transform(own []float32, n int) {
	transformKernels(own, kernelStep(t.inputs, t.outputs), t.own(n), t.inputs, t.outputs, 0, kernelGroups(t.inputs, t.outputs), t.turned)
}

// Sums reports what goes by wide tiles: a transform of the outputs, and writing and reading them, is saved.
func (d *device) Sums(p kernels.ConvSum, dt kernels.DType) bool {
	if dt != kernels.Float32 || p.Parts() > 1 {
		return false
	}
	c := &convolution[float32]{Conv: p.Conv, parts: 1}
	inputs, outputs := c.sides(p.Input)
	return c.wide(inputs, outputs) != nil
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
	if d := c.wide(inputs, outputs); d != nil {
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

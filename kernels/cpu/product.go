package cpu

import (
	"drift/kernels"
)

// loadConvolved convolves into the place of the result, and goes on there.
func loadConvolved[T kernels.Float](l *loader, p kernels.Convolved, o operands[T]) {
	loadConv(l, p.Conv, operands[T]{out: o.out, in: o.in[:2]})
	loadMap(l, p.Chain(), operands[T]{out: o.out, in: append([][]T{o.out[0]}, o.in[2:]...)})
}

// loadProduct multiplies into the place of the result, and goes on there.
func loadProduct[T kernels.Float](l *loader, p kernels.Product, o operands[T]) {
	z := o.out[p.Y()]
	loadGemm(l, p.Gemm, operands[T]{out: [][]T{z}, in: o.in[:2]})
	if p.FactorSums {
		loadReduce(l, p.SumsOfFactor(), operands[T]{out: o.out[:1], in: o.in[:1]})
		return
	}
	chain := operands[T]{out: o.out, in: append([][]T{z}, o.in[2:]...)}
	switch c := p.Chain().(type) {
	case kernels.Map:
		loadMap(l, c, chain)
	case kernels.Reduce:
		loadReduce(l, c, chain)
	}
}

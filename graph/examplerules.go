package graph

import "gorgonia.org/tensor"

// below is that of a product: examples along the batch of matrices are in both operands, along rows in the first one, along
// columns in the second.
func (f matmul) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	p := f.sizes(in[0], in[1])
	k, inside := l.along(p.Batch, p.M, p.N)
	switch k {
	case 0:
		return []layout{inside.on(1, p.M*p.K), inside.on(1, p.K*p.N)}
	case 1:
		return []layout{side(inside, p.Batch, p.K, f.transA), {}}
	case 2:
		return []layout{{}, side(inside, p.Batch, p.K, !f.transB)}
	}
	return nil
}

// side is the layout of matrices [b, examples, k], or [b, k, examples].
func side(inside layout, b, k int, turned bool) layout {
	if turned {
		return inside.on(b*k, 1)
	}
	return inside.on(b, k)
}

func (f conv) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	all := l.rowwise(product(out[1:]), product(in[0][1:]), product(in[1][1:]))
	switch {
	case all == nil || f.kind == convWeight && !f.PerExample:
		return nil
	case !f.PerExample:
		all[1] = layout{}
	}
	return all
}

func (im2col) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	return l.rowwise(product(out[1:]), product(in[0][1:]))
}

func (windowGram) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	return l.rowwise(product(out[1:]), product(in[0][1:]))
}

// below is plane by plane: pooling keeps channels apart as it does images.
func (pool) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	sizes := make([]int, len(in))
	for i, s := range in {
		sizes[i] = s[2] * s[3]
	}
	return l.rowwise(out[2]*out[3], sizes...)
}

func (softmax) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return l.rowwise(in[0][1], in[0][1])
}

func (crossEntropy) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return l.rowwise(1, in[0][1], 1)
}

func (correct) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return l.rowwise(1, in[0][1], 1)
}

func (pick) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return l.rowwise(1, in[0][1], 1)
}

func (f place) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout {
	return l.rowwise(f.cols, 1, 1)
}

// below is that of rows which examples look up in a table of all; or of a table with a column for each example.
func (gather) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	width := product(out[1:])
	switch k, inside := l.along(out[0], width); k {
	case 0:
		return []layout{{}, inside}
	case 1:
		return []layout{inside.on(in[0][0], 1), {}}
	}
	return nil
}

func (f scatter) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	if k, inside := l.along(f.table, product(out[1:])); k == 1 {
		return []layout{inside.on(in[0][0], 1), {}}
	}
	return nil
}

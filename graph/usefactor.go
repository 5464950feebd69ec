package graph

// factor is the gradients of every example's loss in the operand that a use takes, given the adjoint of what it makes.
func (u use) factor(adjoint *Node) factor {
	in := inputsOf(u.at)
	switch f := familyOf(u.at).(type) {
	case matmul:
		return u.product(f, adjoint)
	case conv:
		if u.input == 1 && !f.PerExample {
			return u.convolution(f, adjoint)
		}
	case gather:
		if u.input == 0 {
			return u.lookup(adjoint)
		}
	case broadcast:
		if k, inside := u.layout.along(f.a, f.b, f.c); k == 1 {
			return direct{axisOut(adjoint, f.a, inside, f.c), in[0].Shape()}
		}
	}
	if u.layout.n != 1 {
		misuse("per-example gradients: no way is known through %v over shapes %v", u.at.Op(), shapesOf(in))
	}
	g := familyOf(u.at).vjp(in, u.at, adjoint)[u.input]
	if g == nil {
		g = Fill(in[u.input], 0)
	}
	return direct{Reshape(g, 1, Size(g)), in[u.input].Shape()}
}

// product is the gradients of a matrix that all examples multiply by: outer products of what it multiplies and the adjoint.
func (u use) product(f matmul, adjoint *Node) factor {
	in := inputsOf(u.at)
	p := f.sizes(in[0].Shape(), in[1].Shape())
	var x, d *Node
	var stored bool // as [out,in], where x·wᵀ or w·xᵀ is the product
	if u.input == 1 {
		l := u.inside(p.Batch, p.M, p.N)
		x, d = positions(in[0], p.Batch, l, p.K, f.transA), positions(adjoint, p.Batch, l, p.N, false)
		stored = f.transB
	} else {
		l := u.inside(p.Batch*p.M, p.N, 1)
		x, d = positions(in[1], p.Batch, l, p.K, !f.transB), positions(adjoint, p.Batch, l, p.M, true)
		stored = !f.transA
	}
	o := outer{x, d}
	if !stored {
		o = outer{d, x}
	}
	if p.Batch == 1 {
		return o
	}
	w := in[u.input].Shape()
	return direct{Reshape(o.formed(), u.layout.n, w.TotalSize()), w}
}

// inside is the layout of the examples in the middle axis, of b elements; a single one has all of it.
func (u use) inside(a, b, c int) layout {
	if u.layout.n == 1 {
		return layout{1, 1, b, 0}
	}
	l, _ := u.layout.within(a, c)
	return l
}

// positions lays out matrices [b, examples, k], or [b, k, examples] if transposed, with the positions of each example together:
// [n·b, t, k].
func positions(x *Node, b int, l layout, k int, transposed bool) *Node {
	if transposed {
		x = permuted(x, []int{b, k, l.a, l.n, l.b}, 3, 0, 2, 4, 1)
	} else {
		x = permuted(x, []int{b, l.a, l.n, l.b, k}, 2, 0, 1, 3, 4)
	}
	return Reshape(x, l.n*b, l.a*l.b, k)
}

// permuted reorders the axes of x seen in another shape, of which those of a single index cost nothing.
func permuted(x *Node, shape []int, perm ...int) *Node {
	var sizes, order []int
	place := make([]int, len(shape))
	for k, size := range shape {
		if place[k] = len(sizes); size != 1 {
			sizes = append(sizes, size)
		}
	}
	for _, k := range perm {
		if shape[k] != 1 {
			order = append(order, place[k])
		}
	}
	if len(sizes) == 0 {
		return x
	}
	return Transpose(Reshape(x, sizes...), order...)
}

// convolution is the gradients of kernels that all images are convolved with.
func (u use) convolution(f conv, adjoint *Node) factor {
	in := inputsOf(u.at)
	l := u.inside(1, f.N, Size(u.at)/f.N)
	if f.kind == convForward && l.n == f.N {
		return convolved{f.Conv, wayOf(f.Conv), in[0], adjoint}
	}
	x, y := in[0], adjoint
	if f.kind == convInput {
		x, y = adjoint, in[0]
	}
	f.PerExample = true
	w := in[1].Shape()
	return direct{axisOut(f.as(convWeight, x, y), 1, l, w.TotalSize()), w}
}

// lookup is the gradients of a table of which each example takes rows.
func (u use) lookup(adjoint *Node) factor {
	in := inputsOf(u.at)
	rows, table := in[1].Shape()[0], in[0].Shape()[0]
	width := Size(in[0]) / table
	l := u.inside(1, rows, width)
	return gathered{positions(in[1], 1, l, 1, false), positions(adjoint, 1, l, width, false), table}
}

// axisOut adds up what x, seen as [a, the examples' axis, c], holds of each example, which it puts first: [n, a·c].
func axisOut(x *Node, a int, l layout, c int) *Node {
	x = summed(x, sum{a * l.a * l.n, l.b, c, dimsOf(a, l.a, l.n, c)})
	x = summed(x, sum{a, l.a, l.n * c, dimsOf(a, l.n, c)})
	return Reshape(permuted(x, []int{a, l.n, c}, 1, 0, 2), l.n, a*c)
}

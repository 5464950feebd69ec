package graph

import "slices"

// gathered is a table [table,width] of which each example takes t rows: g_n adds d_nt [width] to row i_nt. It is the outer product
// of d and rows that are 1 at i, [n,t,table], which only those results form that need them.
type gathered struct {
	index, d *Node // [n,t,1], [n,t,width]
	table    int
}

func (f gathered) flat() (index, d *Node) {
	n, t, width := f.sizes()
	return Flatten(f.index), Reshape(f.d, n*t, width)
}

func (f gathered) sizes() (n, t, width int) {
	s := f.d.Shape()
	return s[0], s[1], s[2]
}

// outer is the gradients as outer products.
func (f gathered) outer() outer {
	n, t, _ := f.sizes()
	index := Flatten(f.index)
	return outer{f.d, Reshape(Place(Fill(index, 1), index, f.table), n, t, f.table)}
}

func (f gathered) squaredNorms() *Node {
	if _, t, _ := f.sizes(); t == 1 {
		return SumTail(Square(f.d))
	}
	return f.outer().squaredNorms()
}

func (f gathered) gram() *Node        { return f.outer().gram() }
func (f gathered) materialize() *Node { return f.outer().materialize() }

func (f gathered) dot(v *Node) *Node {
	n, t, width := f.sizes()
	index, d := f.flat()
	return SumTail(Reshape(Mul(d, Gather(v, index)), n, t*width))
}

func (f gathered) combine(c *Node) *Node {
	index, _ := f.flat()
	n, t, width := f.sizes()
	return Scatter(Reshape(weighted(f.d, c), n*t, width), index, f.table)
}

func (f gathered) squares() *Node {
	if _, t, _ := f.sizes(); t > 1 {
		return f.outer().squares()
	}
	index, d := f.flat()
	return Scatter(Square(d), index, f.table)
}

// nodes are those of the outer products: indices are no numbers that other nodes could stand for.
func (f gathered) nodes() []*Node      { return f.outer().nodes() }
func (f gathered) on(n []*Node) factor { return outer{n[0], n[1]} }

// seen is the gradients of a parameter that is used in another shape.
type seen struct {
	factor
	from, to []int // the shape in which it is used, and its own
}

// seenAs gives the gradients of a matrix, kernels or a table to the parameter of which they are another view.
func seenAs(f factor, shape []int) factor {
	var from []int
	switch f := f.(type) {
	case direct:
		return direct{f.e, slices.Clone(shape)}
	case outer:
		_, _, in, out := f.sizes()
		from = []int{out, in}
	case gathered:
		_, _, width := f.sizes()
		from = []int{f.table, width}
	case convolved:
		from = conv{Conv: f.geometry}.kernel()
	}
	if slices.Equal(from, shape) {
		return f
	}
	return seen{f, from, slices.Clone(shape)}
}

func (f seen) dot(v *Node) *Node     { return f.factor.dot(Reshape(v, f.from...)) }
func (f seen) combine(c *Node) *Node { return Reshape(f.factor.combine(c), f.to...) }
func (f seen) squares() *Node        { return Reshape(f.factor.squares(), f.to...) }
func (f seen) on(n []*Node) factor   { return seen{f.factor.on(n), f.from, f.to} }

func (f seen) forms() bool {
	g, ok := f.factor.(former)
	return ok && g.forms()
}

func (f seen) formed() *Node {
	g := f.factor.(former).formed()
	return Reshape(g, append([]int{g.Shape()[0]}, f.to...)...)
}

package graph

import "drift/kernels"

// copies gives every example its own copy of the parameters p and of what is made of them: for nodes [s…], the same nodes
// [n,s…]. A copy is a broadcast of its parameter, so that second derivatives pass through.
func (e *expression) copies(nodes []*Node) (lifted map[*Node]*Node) {
	lifted = make(map[*Node]*Node)
	varies := e.dependents(func(n *Node) bool { return e.params[n] })
	for _, n := range reach(nodes, e.parts) {
		in := e.parts(n)
		if len(in) == 0 || !varies[n] {
			if DTypeOf(n) == kernels.Int32 {
				lifted[n] = repeated(n, e.n)
			} else {
				lifted[n] = Broadcast(n, 0, e.n)
			}
			continue
		}
		own := make([]*Node, len(in))
		for i, m := range in {
			own[i] = lifted[m]
		}
		lifted[n] = liftedOp(e.n, n, own)
	}
	return lifted
}

// liftedOp is a node for n copies of its inputs, which in holds along a leading axis.
func liftedOp(n int, node *Node, in []*Node) *Node {
	x, out := in[0], append([]int{n}, node.Shape()...)
	switch f := familyOf(node).(type) {
	case reshape:
		return Reshape(x, out...)
	case elementwise:
		return apply(f, in...)
	case cast, number, known:
		return apply(f, x)
	case permute:
		perm := []int{0}
		for _, k := range f.perm.n[:f.perm.rank] {
			perm = append(perm, k+1)
		}
		return Transpose(x, perm...)
	case slice:
		return SliceAxis(x, f.axis+1, f.from, f.to)
	case pad:
		return PadAxis(x, f.axis+1, f.from, f.size)
	case sum:
		return summed(x, sum{n * f.a, f.b, f.c, dimsOf(out...)})
	case broadcast:
		return broadcasted(x, broadcast{n * f.a, f.b, f.c, dimsOf(out...)})
	case matmul:
		return Reshape(apply(f, matrices(in[0]), matrices(in[1])), out...)
	case gather:
		return columnwise(x, func(x *Node) *Node { return Gather(x, inputsOf(node)[1]) }, out)
	case scatter:
		return columnwise(x, func(x *Node) *Node { return Scatter(x, inputsOf(node)[1], f.table) }, out)
	case conv:
		return liftedConv(n, f, in, out)
	case im2col:
		f.N *= n
		return Reshape(apply(f, rowwise(x)), out...)
	case windowGram:
		f.N *= n
		return Reshape(apply(f, rowwise(x)), out...)
	case pool:
		f.N *= n
		for i := range in {
			in[i] = rowwise(in[i])
		}
		return Reshape(apply(f, in...), out...)
	case attend:
		return Reshape(f.of(rowwise(x)), out...)
	case attendSums:
		return Reshape(apply(f, rowwise(x)), out...)
	case attendGradient:
		return Reshape(f.gradient(rowwise(x), rowwise(in[2])), out...)
	case attendTangent:
		return Reshape(f.tangent(rowwise(x), rowwise(in[2])), out...)
	case attendHVP:
		return Reshape(f.hvp(rowwise(x), rowwise(in[2]), rowwise(in[4])), out...)
	case softmax, crossEntropy, pick, place:
		for i := range in {
			in[i] = rowwise(in[i])
		}
		return Reshape(apply(f, in...), out...)
	}
	misuse("per-example gradients: no copies of a parameter are known through %v over shapes %v", node.Op(), shapesOf(in))
	return nil
}

// rowwise joins the copies' axis and the first one: [n,r,…] → [n·r,…].
func rowwise(x *Node) *Node {
	s := x.Shape()
	return Reshape(x, append([]int{s[0] * s[1]}, s[2:]...)...)
}

// matrices is copies of a matrix [n,r,c], or of several [n,b,r,c], as matrices [n·b,r,c].
func matrices(x *Node) *Node {
	s := x.Shape()
	k := len(s)
	return Reshape(x, product(s[:k-2]), s[k-2], s[k-1])
}

// columnwise applies what takes rows of a table to copies [n,r,…] of it laid side by side.
func columnwise(x *Node, rows func(*Node) *Node, out []int) *Node {
	s := x.Shape()
	n, r, width := s[0], s[1], product(s[2:])
	side := Reshape(permuted(x, []int{n, r, width}, 1, 0, 2), r, n*width)
	y := rows(side)
	return Reshape(permuted(y, []int{y.Shape()[0], n, width}, 1, 0, 2), out...)
}

// liftedConv gives every copy's images their copy's kernels.
func liftedConv(n int, f conv, in []*Node, out []int) *Node {
	each := f.PerExample
	a, b := rowwise(in[0]), in[1]
	switch {
	case each || f.kind == convWeight:
		b = rowwise(b)
	default:
		b = Broadcast(b, 1, f.N)
		b = rowwise(b)
	}
	c := f.Conv
	c.N *= n
	c.PerExample = true
	y := apply(conv{f.kind, c}, a, b)
	if f.kind == convWeight && !each {
		k := product(out[1:])
		return summed(y, sum{n, f.N, k, dimsOf(out...)})
	}
	return Reshape(y, out...)
}

// rearranged carries the gradients of a use's operand to the parameter that it is a view, a transpose or a multiple of.
func (e *expression) rearranged(f factor, operand *Node) (param *Node, own factor, ok bool) {
	for m := operand; ; m = inputsOf(m)[0] {
		if e.params[m] {
			return m, seenAs(f, m.Shape()), true
		}
		switch op := familyOf(m).(type) {
		case reshape:
			continue
		case elementwise:
			if op.fn == kernels.FnScale {
				f = scaledFactor(f, op.imm)
				continue
			}
		case permute:
			o, is := f.(outer)
			if is && m.Dims() == 2 && m.Shape()[0] == o.d.Shape()[2] {
				f = outer{o.d, o.a}
				continue
			}
		}
		return nil, nil, false
	}
}

// scaledFactor is c times the gradients, which are linear in the last of their nodes.
func scaledFactor(f factor, c float64) factor {
	if g, ok := f.(gathered); ok {
		return gathered{g.index, Scale(g.d, c), g.table}
	}
	nodes := f.nodes()
	last := len(nodes) - 1
	nodes[last] = Scale(nodes[last], c)
	return f.on(nodes)
}

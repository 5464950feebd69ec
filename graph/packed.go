package graph

import "drift/kernels"

// pack lets the kernels read queries, keys and values where one product has left them, [n,t,3,heads,width], and write results and gradients where
// the next products read them, so that nothing moves them between. It reports whether the heads lie so, for all sweeps.
func (a *attention) pack() bool {
	qkv, joined := a.part(a.q, 0), a.swapped(a.out)
	if qkv == nil || joined == nil || a.part(a.k, 1) != qkv || a.part(a.v, 2) != qkv || a.kept[a.out] || len(a.users[a.out]) != 1 {
		return false
	}
	var outs, gs []*Node
	for _, b := range a.back {
		out, g := a.padded(b), unswapped(b.dOut)
		if out == nil || g == nil || Size(out) != Size(qkv) {
			return false
		}
		outs, gs = append(outs, out), append(gs, g)
	}
	shape := a.q.Shape() // [n,heads,t,width]
	a.op.Packed, a.op.Batch, a.op.Heads = true, shape[0], shape[1]
	l := a.logSums(joined)
	a.compute(a.op, []*Node{joined, l}, qkv)
	for k, out := range outs {
		a.compute(kernels.AttentionGradient(a.op), []*Node{out}, qkv, joined, gs[k], l)
	}
	return true
}

// swap exchanges the axes of positions and heads, either way.
var swap = permute{dimsOf(0, 2, 1, 3)}

// part is what holds part k of queries, keys and values in rows for the positions, nil if n is not such a part.
func (a *attention) part(n *Node, k int) *Node {
	in := unswapped(n)
	if in == nil {
		return nil
	}
	width := Size(n) / max(1, n.Shape()[0]*n.Shape()[2]) // of all heads
	if familyOf(in) != (slice{2, k * width, (k + 1) * width}) {
		return nil
	}
	all := inputsOf(in)[0]
	if all.Dims() != 3 || all.Shape()[0] != n.Shape()[0] || all.Shape()[1] != n.Shape()[2] || all.Shape()[2] != 3*width {
		return nil
	}
	return root(all)
}

// unswapped is what n is with the axes of positions and heads exchanged, nil if it is no such thing.
func unswapped(n *Node) *Node {
	if familyOf(n) != swap {
		return nil
	}
	return sources(n)[0]
}

// swapped is the node that exchanges the axes of n and alone reads it.
func (a *attention) swapped(n *Node) *Node {
	u := a.reader(n, func(u *Node) bool { return familyOf(u) == swap })
	if u == nil || len(a.users[n]) != 1 || a.kept[n] || inputsOf(u)[0].Shape()[0]*inputsOf(u)[0].Shape()[1] != a.op.Batch {
		return nil
	}
	return u
}

// padded is the sum of the three gradients, each where its part lies, that alone reads them.
func (a *attention) padded(b attentionBack) *Node {
	var pads [3]*Node
	width := a.q.Shape()[1] * a.op.Width
	for k, n := range []*Node{b.dq, b.dk, b.dv} {
		moved := a.swapped(n)
		if moved == nil {
			return nil
		}
		pads[k] = a.alone(moved, func(u *Node) bool { return familyOf(u) == pad{2, k * width, 3 * width} })
	}
	for k := range pads {
		x, y, z := pads[k], pads[(k+1)%3], pads[(k+2)%3]
		two := a.alone(x, a.function(kernels.FnAdd, x, y))
		if two == nil || two != a.alone(y, a.function(kernels.FnAdd, x, y)) {
			continue
		}
		if all := a.alone(two, a.function(kernels.FnAdd, two, z)); all != nil && all == a.alone(z, a.function(kernels.FnAdd, two, z)) {
			return all
		}
	}
	return nil
}

// alone is the only node that reads n, if it is as asked for.
func (a *attention) alone(n *Node, is func(*Node) bool) *Node {
	if n == nil || a.kept[n] || len(a.users[n]) != 1 || !is(a.users[n][0]) {
		return nil
	}
	return a.users[n][0]
}

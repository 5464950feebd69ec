package graph

import (
	"slices"

	"drift/kernels"
)

// Crossings compares a network at two values of its parameters: [n], for each example of the batch the number of units with a kink that
// are on another side there than here, and how many such units an example has. The units are those of Relu, Abs and Max, which are on
// one side or the other of their kink, and of max pooling, whose sides are the places of the largest elements; of those that depend on
// parameters. here and there are the outputs [n,…] of one network built twice. Without kinks the node is nil.
func Crossings(here, there *Node, paramsHere, paramsThere []*Node) (crossed *Node, units int) {
	ours, theirs := kinksOfTwo(here, there, paramsHere, paramsThere)
	for k, x := range ours.kinks {
		y := theirs[k]
		l := ours.layoutOf(x)
		if l.shared() {
			misuse("crossed kinks: %v does not belong to one example", x.Op())
		}
		each := Sum(Sum(Reshape(sidesDiffer(x, y), l.a, l.n, l.b), 2), 0)
		units += l.a * l.b
		if crossed == nil {
			crossed = each
		} else {
			crossed = Add(crossed, each)
		}
	}
	return crossed, units
}

// HoldSides is the output here, with every unit that has a kink (see Crossings) on the side on which it is there: what a network computes
// where no kink is crossed. Its derivatives in the parameters there are zero.
func HoldSides(here, there *Node, paramsHere, paramsThere []*Node) *Node {
	ours, theirs := kinksOfTwo(here, there, paramsHere, paramsThere)
	side := make(map[*Node]*Node)
	for k, x := range ours.kinks {
		side[x] = theirs[k]
	}
	held := make(map[*Node]*Node)
	for _, n := range reach([]*Node{here}, inputsOf) {
		own := make([]*Node, len(inputsOf(n)))
		for i, m := range inputsOf(n) {
			own[i] = held[m]
		}
		switch {
		case side[n] != nil:
			held[n] = onSide(n, own, inputsOf(side[n]))
		case slices.Equal(own, inputsOf(n)):
			held[n] = n
		default:
			held[n] = apply(familyOf(n), own...)
		}
	}
	return held[here]
}

// onSide is a function with a kink of x, on the side of y.
func onSide(node *Node, x, y []*Node) *Node {
	f, isPool := familyOf(node).(pool)
	if isPool {
		return f.as(maxGather, x[0], y[1])
	}
	switch familyOf(node).(elementwise).fn {
	case kernels.FnAbs:
		return Mul(x[0], Sign(y[0]))
	case kernels.FnMax:
		first := Greater(y[0], y[1])
		return Add(Mul(x[0], first), Mul(x[1], AddConst(Neg(first), 1)))
	}
	return Mul(x[0], Step(y[0]))
}

// kinksOfTwo is the functions with kinks of a network that was built twice.
func kinksOfTwo(here, there *Node, paramsHere, paramsThere []*Node) (ours kinked, theirs []*Node) {
	ours, theirs = kinksOf(here, paramsHere), kinksOf(there, paramsThere).kinks
	if len(ours.kinks) != len(theirs) {
		misuse("crossed kinks: %d functions with kinks here and %d there: give one network at two values of its parameters", len(ours.kinks), len(theirs))
	}
	for k, x := range ours.kinks {
		if y := theirs[k]; familyOf(x) != familyOf(y) {
			misuse("crossed kinks: %v here is not what %v is there", x.Op(), y.Op())
		}
	}
	return ours, theirs
}

// kinked is the functions with kinks that an output is made of, in the order in which they were built.
type kinked struct {
	*expression
	kinks []*Node
}

func kinksOf(output *Node, params []*Node) kinked {
	n := output.Shape()[0]
	k := kinked{expression: follow(Sum(Reshape(output, n, Size(output)/n), 1), params)}
	depends := k.dependents(func(n *Node) bool { return k.params[n] })
	for _, node := range k.order {
		if depends[node] && hasKink(node) {
			k.kinks = append(k.kinks, node)
		}
	}
	return k
}

func hasKink(n *Node) bool {
	switch f := familyOf(n).(type) {
	case elementwise:
		return f.fn == kernels.FnRelu || f.fn == kernels.FnAbs || f.fn == kernels.FnMax
	case pool:
		return f.kind == maxGather
	}
	return false
}

// sidesDiffer is 1 where a function with a kink is on different sides in two places, and 0 elsewhere.
func sidesDiffer(x, y *Node) *Node {
	here, there := inputsOf(x), inputsOf(y)
	switch f := familyOf(x).(type) {
	case pool: // the largest elements there are others, and smaller here
		return Step(Sub(x, f.as(maxGather, here[0], there[1])))
	case elementwise:
		if f.fn == kernels.FnMax {
			return Abs(Sub(Greater(here[0], here[1]), Greater(there[0], there[1])))
		}
	}
	return Abs(Sub(Step(here[0]), Step(there[0])))
}

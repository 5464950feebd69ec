package graph

import "drift/kernels"

// Crossings compares a network at two values of its parameters: [n], for each example of the batch the number of units with a kink that
// are on another side there than here, and how many such units an example has. The units are those of Relu, Abs and Max, which are on
// one side or the other of their kink, and of max pooling, whose sides are the places of the largest elements; of those that depend on
// parameters. here and there are the outputs [n,…] of one network built twice. Without kinks the node is nil.
func Crossings(here, there *Node, paramsHere, paramsThere []*Node) (crossed *Node, units int) {
	ours, theirs := kinksOf(here, paramsHere), kinksOf(there, paramsThere)
	if len(ours.kinks) != len(theirs.kinks) {
		misuse("crossed kinks: %d functions with kinks here and %d there: give one network at two values of its parameters", len(ours.kinks), len(theirs.kinks))
	}
	for k, x := range ours.kinks {
		y := theirs.kinks[k]
		l := ours.layoutOf(x)
		if familyOf(x) != familyOf(y) || l.shared() {
			misuse("crossed kinks: %v here is not what %v is there", x.Op(), y.Op())
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

package graph

// use is where something made of parameters meets the examples: an input, the same for all of them, of a node that is not.
type use struct {
	at     *Node
	input  int
	layout layout // of the examples in at
}

// uses is all uses of parameters, the oldest node's first. One that Gorgonia merged, because a node is used twice, is one use.
func (e *expression) uses() []use {
	params := e.dependents(func(n *Node) bool { return e.params[n] })
	others := e.dependents(func(n *Node) bool { return !e.params[n] })
	shared := func(n *Node) bool { return params[n] && !others[n] } // the only way to tell with a single example
	if e.at != nil {
		shared = func(n *Node) bool { return e.at[n].shared() }
	}
	var all []use
	for _, n := range e.order {
		if e.params[n] && !shared(n) {
			misuse("per-example gradients: parameter %s of shape %v has the axis of the batch: repeat what all examples use over it", n.Name(), n.Shape())
		}
		for i, in := range e.parts(n) {
			if params[in] && shared(in) && !shared(n) {
				all = append(all, use{n, i, e.layoutOf(n)})
			}
		}
	}
	return all
}

// layoutOf is where the examples lie in a node; a single one is all of it.
func (e *expression) layoutOf(n *Node) layout {
	if e.at == nil {
		return layout{1, 1, Size(n), 0}
	}
	return e.at[n]
}

// operand is what the use takes.
func (u use) operand() *Node { return inputsOf(u.at)[u.input] }

package graph

import (
	"slices"

	"gorgonia.org/tensor"
)

// layout is how the examples of a batch lie in a node: of its elements in order, seen as [a,n,b], index i of the middle axis belongs to
// example first+i. A reshape leaves it as it is. The zero layout is that of a value all examples share.
type layout struct{ a, n, b, first int }

func (l layout) shared() bool { return l.n == 0 }

// within is the layout inside the middle axis of a node seen as [a,b,c], where the examples lie there.
func (l layout) within(a, c int) (layout, bool) {
	if a == 0 || c == 0 || l.a%a != 0 || l.b%c != 0 {
		return layout{}, false
	}
	return layout{l.a / a, l.n, l.b / c, l.first}, true
}

// along is the axis of a shape in which the examples lie, and their layout in it.
func (l layout) along(shape ...int) (axis int, inside layout) {
	for k := range shape {
		if in, ok := l.within(product(shape[:k]), product(shape[k+1:])); ok {
			return k, in
		}
	}
	return -1, layout{}
}

// on is the layout in an axis with a elements before it and c behind.
func (l layout) on(a, c int) layout { return layout{l.a * a, l.n, l.b * c, l.first} }

// expression is the nodes that a loss [n] is made of down to leaves and parameters, which may be computed themselves.
type expression struct {
	n      int
	params map[*Node]bool
	order  []*Node          // inputs first
	at     map[*Node]layout // where the examples lie in every node; nil for a single example, which no axis tells from what all share
}

// CheckExamples refuses a loss [n] in which examples influence each other, for which statistics of per-example gradients mean nothing:
// example i may depend on row i of the data [n,…] only. A batch of one example cannot tell.
func CheckExamples(loss *Node, params []*Node, data ...*Node) error {
	return Try(func() {
		e := follow(loss, params)
		e.uses()
		for _, d := range data {
			if at, read := e.at[d]; read && at != (layout{1, e.n, Size(d) / e.n, 0}) {
				misuse("examples influence each other: %s of shape %v is not read by row, each example its own", d.Name(), d.Shape())
			}
		}
	})
}

// follow finds where the examples lie, from the loss down: each node asks its inputs for the examples that its own elements belong to.
// It refuses a loss in which examples influence each other, or in which they cannot be told apart.
func follow(loss *Node, params []*Node) *expression {
	e := &expression{n: loss.Shape()[0], params: make(map[*Node]bool)}
	for _, p := range params {
		e.params[p] = true
	}
	e.order = reach([]*Node{loss}, e.parts)
	if e.n == 1 {
		return e
	}
	e.at = map[*Node]layout{loss: {1, e.n, 1, 0}}
	varies := e.dependents(e.leaf)
	for _, n := range slices.Backward(e.order) {
		in := e.parts(n)
		below := make([]layout, len(in))
		if l := e.at[n]; len(in) > 0 && !l.shared() {
			below = familyOf(n).below(l, shapesOf(in), n.Shape())
		}
		if below == nil {
			misuse("%v over shapes %v does not keep the examples of the batch apart: none may influence another's loss",
				n.Op(), shapesOf(in))
		}
		for i, m := range in {
			if at, seen := e.at[m]; seen && at != below[i] && varies[m] {
				misuse("examples influence each other: %s of shape %v enters %v in another way than elsewhere",
					describe(m), m.Shape(), n.Op())
			}
			e.at[m] = below[i]
		}
	}
	return e
}

// parts is the inputs that a node is computed from: none for a leaf, a parameter or a constant.
func (e *expression) parts(n *Node) []*Node {
	if _, constant := isFill(n); constant || e.params[n] {
		return nil
	}
	return inputsOf(n)
}

func (e *expression) leaf(n *Node) bool {
	_, constant := isFill(n)
	return !constant && len(e.parts(n)) == 0
}

// dependents is the nodes that depend on some of the leaves.
func (e *expression) dependents(on func(*Node) bool) map[*Node]bool {
	depends := make(map[*Node]bool)
	for _, n := range e.order {
		depends[n] = e.leaf(n) && on(n)
		for _, in := range e.parts(n) {
			depends[n] = depends[n] || depends[in]
		}
	}
	return depends
}

func describe(n *Node) string {
	if n.Op() == nil {
		return n.Name()
	}
	return n.Op().String()
}

// same is the layouts of k inputs that lie as the result does.
func same(l layout, k int) []layout { return slices.Repeat([]layout{l}, k) }

// rowwise is the layouts of inputs of which each row makes one row of the result, where the first axes' product is rows and out, in
// are the sizes of a row.
func (l layout) rowwise(out int, in ...int) []layout {
	inside, ok := l.within(1, out)
	if !ok {
		return nil
	}
	all := make([]layout, len(in))
	for i, size := range in {
		all[i] = inside.on(1, size)
	}
	return all
}

func (reshape) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout { return same(l, 1) }

func (elementwise) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return same(l, len(in))
}

func (fill) below(layout, []tensor.Shape, tensor.Shape) []layout { return same(layout{}, 1) }

func (f permute) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	k, inside := l.along(out...)
	if k < 0 {
		return nil
	}
	a, _, c := around(in[0], f.perm.n[k])
	return []layout{inside.on(a, c)}
}

func (f sum) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout {
	switch k, inside := l.along(f.a, f.c); k {
	case 0:
		return []layout{inside.on(1, f.b*f.c)}
	case 1:
		return []layout{inside.on(f.a*f.b, 1)}
	}
	return nil
}

// below is shared where the result repeats its input over the examples.
func (f broadcast) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout {
	switch k, inside := l.along(f.a, f.b, f.c); k {
	case 0:
		return []layout{inside.on(1, f.c)}
	case 1:
		return []layout{{}}
	case 2:
		return []layout{inside.on(f.a, 1)}
	}
	return nil
}

// below follows examples that are cut out of the axis of the batch too: the range [from, to) of it is examples of its own.
func (f slice) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	return l.shifted(in[0], f.axis, out[f.axis], -f.from)
}

func (f pad) below(l layout, in []tensor.Shape, _ tensor.Shape) []layout {
	return l.shifted(in[0], f.axis, f.size, f.from)
}

// shifted is l, the layout of a result whose axis has outSize elements, in an operand of the given shape: element i of the operand's axis
// is element i+by of the result's.
func (l layout) shifted(in tensor.Shape, axis, outSize, by int) []layout {
	a, size, c := around(in, axis)
	switch k, inside := l.along(a, outSize, c); k {
	case 0:
		return []layout{inside.on(1, size*c)}
	case 2:
		return []layout{inside.on(a*size, 1)}
	case 1:
		if inside.a == 1 && by%inside.b == 0 && size%inside.b == 0 {
			return []layout{layout{1, size / inside.b, inside.b, l.first + by/inside.b}.on(a, c)}
		}
	}
	return nil
}

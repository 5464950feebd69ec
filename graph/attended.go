package graph

import "slices"

// A family may be one of several results of its kernel.
type several interface{ result() int }

func (attend) result() int         { return 0 }
func (attendSums) result() int     { return 1 }
func (attendGradient) result() int { return 0 }
func (attendTangent) result() int  { return 0 }
func (attendHVP) result() int      { return 0 }

// resultOf is the number of the result of a family's kernel that it is.
func resultOf(f family) int {
	if s, ok := f.(several); ok {
		return s.result()
	}
	return 0
}

// joinAttention lets one kernel compute attention and what its gradients read of the softmax, and one the derivatives of second order along the same
// tangent.
func (f *fuser) joinAttention() {
	for _, n := range f.order {
		o, _ := n.Op().(*op)
		switch g := familyOf(n).(type) {
		case attend:
			sums := f.other(n, func(u *Node) bool { return familyOf(u) == attendSums{g} }, sources(n)[0])
			f.compute(o.primitive(shapesOf(o.in), o.out), []*Node{n, f.orUnnamed(sums, n, n.Shape()[0]*g.heads*n.Shape()[1])}, sources(n)...)
		case attendSums:
			if f.other(n, func(u *Node) bool { return familyOf(u) == g.attend }, sources(n)[0]) == nil {
				f.compute(o.primitive(shapesOf(o.in), o.out), []*Node{f.orUnnamed(nil, n, Size(sources(n)[0])/3), n}, sources(n)...)
			}
		case attendHVP:
			in := sources(n)
			tangent := f.other(n, func(u *Node) bool {
				return familyOf(u) == attendTangent(g) && sources(u)[2] == in[4] && !slices.Contains(reach(in[2:3], f.sources), u)
			}, in[0])
			f.compute(o.primitive(shapesOf(o.in), o.out), []*Node{n, f.orUnnamed(tangent, n, Size(in[1]))}, in...)
		}
	}
}

// other is what else reads x and is as asked for, nil if nothing is.
func (f *fuser) other(n *Node, is func(*Node) bool, x *Node) *Node {
	for _, u := range f.users[x] {
		if u != n && is(u) && sources(u)[0] == x {
			return u
		}
	}
	return nil
}

// orUnnamed is n, or where it is nil a value in its place that the expression does not name.
func (f *fuser) orUnnamed(n, of *Node, size int) *Node {
	if n == nil {
		n = unnamed(of, size)
		f.unnamed = append(f.unnamed, n)
	}
	return n
}

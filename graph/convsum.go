package graph

import (
	"slices"

	"drift/kernels"
)

// findConvSums lets one kernel compute the sum of two convolutions of equal sizes, or of two adjoints in the images, that nothing else reads, where
// the device is faster so. A tangent of a convolution, ẋ ⋆ k + x ⋆ k̇, is such a sum, and so is what its adjoints pass on.
func (f *fuser) findConvSums(sums func(kernels.ConvSum) bool) {
	found := false
	for _, n := range f.order {
		if w := f.convSum(n); w != nil && sums(w.op.(kernels.ConvSum)) {
			f.wholes[n], found = w, true
		}
	}
	if found {
		f.order = reach(slices.DeleteFunc(slices.Clone(f.order), func(n *Node) bool { return !f.kept[n] }), f.sources)
		f.findUsers()
	}
}

// addBeside is x + y, where a convolution in either is added to one of equal sizes in the other first, so that one kernel may compute both.
func addBeside(x, y *Node) *Node {
	for _, side := range [][2]*Node{{x, y}, {y, x}} {
		other, whole := side[0], side[1]
		if f, is := familyOf(whole).(elementwise); !is || f.fn != kernels.FnAdd {
			continue
		}
		in := inputsOf(whole)
		for k, term := range in {
			if summable(other, term) {
				return Add(in[1-k], Add(other, term))
			}
		}
	}
	return Add(x, y)
}

// summable reports two convolutions, or adjoints in the images, of equal sizes.
func summable(x, y *Node) bool {
	a, is := familyOf(x).(conv)
	b, too := familyOf(y).(conv)
	a.PerExample, b.PerExample = false, false
	return is && too && a == b && a.kind != convWeight
}

// convSum is the kernel of a sum of two convolutions, or nil.
func (f *fuser) convSum(n *Node) *whole {
	e, ok := familyOf(n).(elementwise)
	if !ok || e.fn != kernels.FnAdd || f.wholes[n] != nil {
		return nil
	}
	in := sources(n)
	if in[0] == in[1] || !summable(in[0], in[1]) || f.varying[in[0]] != f.varying[in[1]] {
		return nil
	}
	for _, x := range in {
		if f.kept[x] || f.wholes[x] != nil || len(f.users[x]) != 1 {
			return nil
		}
	}
	first, last := familyOf(in[0]).(conv), familyOf(in[1]).(conv)
	if first.PerExample { // the first shares its kernels
		slices.Reverse(in)
		first, last = last, first
	}
	if first.PerExample {
		return nil
	}
	op := kernels.ConvSum{Conv: last.Conv, Input: last.kind == convInput}
	return &whole{outs: []*Node{n}, ins: slices.Concat(sources(in[0]), sources(in[1])), op: op}
}

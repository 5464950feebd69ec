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

// convSum is the kernel of a sum of two convolutions, or nil.
func (f *fuser) convSum(n *Node) *whole {
	e, ok := familyOf(n).(elementwise)
	if !ok || e.fn != kernels.FnAdd || f.wholes[n] != nil {
		return nil
	}
	in := sources(n)
	if in[0] == in[1] || f.varying[in[0]] != f.varying[in[1]] {
		return nil
	}
	var terms [2]conv
	for k, x := range in {
		c, is := familyOf(x).(conv)
		if !is || c.kind == convWeight || f.kept[x] || f.wholes[x] != nil || len(f.users[x]) != 1 {
			return nil
		}
		terms[k] = c
	}
	if terms[0].PerExample { // the first shares its kernels
		slices.Reverse(in)
		terms[0], terms[1] = terms[1], terms[0]
	}
	op := kernels.ConvSum{Conv: terms[1].Conv, Input: terms[1].kind == convInput}
	if terms[1].PerExample = false; terms[0] != terms[1] {
		return nil
	}
	return &whole{outs: []*Node{n}, ins: slices.Concat(sources(in[0]), sources(in[1])), op: op}
}

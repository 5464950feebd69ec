package graph

import "drift/kernels"

// ownAdjoints is the adjoints of images x_n and outputs d_n in kernel gradients G_n = Σ_t d_nt u_ntᵀ of each image, where that of G_n is c·G_n + m with
// the same m, if any, for all of them: as a derivative of ‖G_n‖², or of norms of deviations from a mean, has it. G_n itself need not be read:
//
//	x̄_n = c·S_n x_n + m ⋆ᵀ d_n,  S_ij = Σ_r d_{i−r}·d_{j−r} over the places r of a window,
//	d̄_n = c·K_n d_n + m ⋆ x_n,   K_pq = u_np·u_nq.
func (f conv) ownAdjoints(x, d *Node, c float64, m *Node) []*Node {
	own := convolved{f.Conv, byPixels, x, d}
	onPixels := func(y, products *Node) *Node { // symmetric ones
		s := y.Shape()
		return Scale(Reshape(MatMul(Reshape(y, s[0], s[1], s[2]*s[3]), products), s...), c)
	}
	forX := onPixels(x, overWindows(windowGram{own.planes(), true}, own.outputProducts(d, d)))
	forD := onPixels(d, own.windowProducts(x, x))
	if m != nil {
		f.PerExample = false
		m = Reshape(m, f.kernel()...)
		forX, forD = Add(forX, f.as(convInput, d, m)), Add(forD, f.as(convForward, x, m))
	}
	return []*Node{forX, forD}
}

// favoursProducts reports that products of pixels are less work than convolutions with kernels of each image.
func (f conv) favoursProducts() bool {
	convolutions, products := ownWork(f.Conv)
	return products < convolutions
}

// aboutMean is c and m, of any shape, where g is c·x_n + m for every example n of x [n,…], as far as sums, differences, multiples and repeats tell
// that it is. A nil m is 0.
func aboutMean(x, g *Node) (c float64, m *Node, ok bool) {
	x, g = root(x), root(g)
	if g == x {
		return 1, nil, true
	}
	in := inputsOf(g)
	switch f := familyOf(g).(type) {
	case broadcast:
		return 0, in[0], f.a == 1 && f.b == x.Shape()[0]
	case elementwise:
		switch f.fn {
		case kernels.FnScale:
			c, m, ok = aboutMean(x, in[0])
			return f.imm * c, multiple(m, f.imm), ok
		case kernels.FnAdd, kernels.FnSub:
			sign := 1.0
			if f.fn == kernels.FnSub {
				sign = -1
			}
			c, m, ok = aboutMean(x, in[0])
			if !ok {
				return 0, nil, false
			}
			d, n, ok := aboutMean(x, in[1])
			return c + sign*d, plus(m, multiple(n, sign)), ok
		}
	}
	return 0, nil, false
}

// multiple is c·x, and plus x + y, where nil is 0.
func multiple(x *Node, c float64) *Node {
	if x == nil {
		return nil
	}
	return Scale(x, c)
}

func plus(x, y *Node) *Node {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return Add(x, Reshape(y, x.Shape()...))
}

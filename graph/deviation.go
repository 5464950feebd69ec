package graph

import "slices"

// Deviations is the gradients of a batch less one that stands in their middle: g_n = m + r_n. m is made of the means of what the
// gradients are made of, so that r_n follows from deviations from these means and not from the difference of two gradients: with
// g_n = d_n a_nᵀ, and means ā, d̄,
//
//	m = d̄ āᵀ,  r_n = δ_n a_nᵀ + d̄ α_nᵀ,  α_n = a_n − ā,  δ_n = d_n − d̄.
//
// A covariance is one of the r_n as well as of the g_n. Taken from the r_n it does not lose to rounding what the gradients have in
// common: relative errors grow by ‖ḡ‖/σ and not by its square. Gradients of tables stay as they are, r_n = g_n.
//
// The embedded gradients are the r_n. Means and m are constants to derivatives.
type Deviations struct {
	*PerExample
	Center []*Node // m, in the shapes of the parameters
	Means  []*Node // by which the gradients were taken apart
	bare   []bool  // m vanishes
}

// centered is a factor that can be taken apart.
type centered interface {
	// means are those over the examples of what the gradients are made of.
	means() []*Node
	// about is m, and the factor of the deviations.
	about(means []*Node) (m *Node, rest factor)
}

// Means is what Around takes apart the gradients of a batch by: means over its examples.
func (p *PerExample) Means() []*Node {
	var all []*Node
	for _, f := range p.factors {
		if c, ok := f.(centered); ok {
			for _, m := range c.means() {
				all = append(all, Hold(m))
			}
		}
	}
	return all
}

// Deviations are those from the batch's own means.
func (p *PerExample) Deviations() *Deviations { return p.Around(p.Means()) }

// Around is the deviations from means that Means gave for this batch or another one of the same network: chunks of a batch that
// are taken apart by the same means have sums that add up.
func (p *PerExample) Around(means []*Node) *Deviations {
	d := &Deviations{PerExample: &PerExample{n: p.n}, Means: means}
	for _, f := range p.factors {
		c, ok := f.(centered)
		if !ok {
			d.factors, d.bare = append(d.factors, f), append(d.bare, true)
			d.Center = append(d.Center, Fill(f.combine(nil), 0))
			continue
		}
		n := len(c.means())
		m, rest := c.about(means[:n])
		means = means[n:]
		d.factors, d.Center, d.bare = append(d.factors, rest), append(d.Center, m), append(d.bare, false)
	}
	return d
}

// Along is ⟨r_n, m⟩ of every example, [n].
func (d *Deviations) Along() *Node {
	var whole *Node
	for k, f := range d.factors {
		if d.bare[k] {
			continue
		}
		var along *Node
		if c, ok := f.(interface{ along() *Node }); ok {
			along = c.along()
		} else {
			along = f.dot(d.Center[k])
		}
		if whole == nil {
			whole = along
		} else {
			whole = Add(whole, along)
		}
	}
	if whole == nil {
		return Fill(d.SquaredNorms(), 0)
	}
	return whole
}

// CenterNorm is ‖m‖², of shape (1).
func (d *Deviations) CenterNorm() *Node {
	whole := Fill(SumAll(d.SquaredNorms()), 0)
	for k, f := range d.factors {
		if view, ok := f.(seen); ok {
			f = view.factor
		}
		if a, ok := f.(apart); ok && a.meanD.Shape()[0] == 1 {
			whole = Add(whole, Mul(SumAll(Square(a.meanA)), SumAll(Square(a.meanD))))
		} else if !d.bare[k] {
			whole = Add(whole, SumAll(Square(d.Center[k])))
		}
	}
	return whole
}

// overExamples repeats a mean for each example.
func overExamples(mean *Node, n int) *Node { return Broadcast(mean, 0, n) }

// meanOf is the mean over examples of x [n,…], flat. Factors that share x share its mean and its deviations, in whatever shape they see it.
func meanOf(x *Node) *Node { return Mean(flatRows(x), 0) }

// less is the deviations of x [n,…] from a flat mean.
func less(x, mean *Node) *Node {
	return Reshape(Sub(flatRows(x), overExamples(mean, x.Shape()[0])), x.Shape()...)
}

func flatRows(x *Node) *Node { return Reshape(x, x.Shape()[0], Size(x)/x.Shape()[0]) }

func (f direct) means() []*Node { return []*Node{meanOf(f.e)} }

func (f direct) about(means []*Node) (*Node, factor) {
	return Reshape(means[0], f.param...), direct{less(f.e, means[0]), f.param}
}

// means of gradients that are formed are those of the gradients.
func (f outer) means() []*Node {
	if f.forms() {
		return []*Node{meanOf(f.materialize())}
	}
	return []*Node{meanOf(f.a), meanOf(f.d)}
}

func (f outer) about(means []*Node) (*Node, factor) {
	_, t, in, out := f.sizes()
	if f.forms() {
		return direct{f.materialize(), []int{out, in}}.about(means)
	}
	meanA, meanD := Reshape(means[0], t, in), Reshape(means[1], t, out)
	rest := apart{f.a, less(f.a, means[0]), less(f.d, means[1]), meanA, meanD}
	if t == 1 { // by index and index, which fuses with what is added
		return Mul(BroadcastTail(means[1], out, in), Broadcast(means[0], 0, out)), rest
	}
	return MatMulT(meanD, meanA, true, false), rest
}

func (f convolved) means() []*Node {
	if f.forms() {
		return []*Node{meanOf(f.materialize())}
	}
	return []*Node{meanOf(f.x), meanOf(f.d)}
}

func (f convolved) about(means []*Node) (*Node, factor) {
	if f.forms() {
		return direct{f.materialize(), conv{Conv: f.geometry}.kernel()}.about(means)
	}
	one := func(mean, of *Node) *Node {
		shape := of.Shape().Clone()
		shape[0] = 1
		return Reshape(mean, shape...)
	}
	rest := convolvedApart{f.geometry, f.way, f.x, less(f.x, means[0]), less(f.d, means[1]), one(means[0], f.x), one(means[1], f.d)}
	return rest.mean(rest.meanX, rest.meanD).combine(nil), rest
}

func (f seen) means() []*Node {
	if c, ok := f.factor.(centered); ok {
		return c.means()
	}
	return nil
}

func (f seen) about(means []*Node) (*Node, factor) {
	c, ok := f.factor.(centered)
	if !ok {
		return Fill(f.combine(nil), 0), f
	}
	m, rest := c.about(means)
	return Reshape(m, f.to...), seen{rest, f.from, slices.Clone(f.to)}
}

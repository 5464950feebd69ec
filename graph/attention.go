package graph

import (
	"slices"

	"drift/kernels"
)

// whole is a kernel that computes some nodes in the place of all that lies between them and what it reads.
type whole struct {
	outs, ins []*Node
	op        kernels.Primitive
}

// findAttention finds softmax(c·q·kᵀ)·v and its gradients, of which the scores and weights are read by nothing else, and lets one kernel compute
// each (kernels.Attention): nothing of the size of the scores is then in memory. Where derivatives of second order or a dropout of the weights
// read the parts, all stays as it is written.
func (f *fuser) findAttention() {
	for _, n := range f.order {
		if s, ok := familyOf(n).(softmax); !ok || s.log {
			continue
		}
		if a := f.attentionOf(n); a != nil {
			a.replace()
		}
	}
}

// ScoreBytes is the memory that the scores of attention take in second derivatives, [queries,keys] for each head, where one kernel computes it
// without them: those of attention that was found among products, and not of Attention, whose second derivatives need none either.
func (p *Plan) ScoreBytes() (bytes int64) {
	for _, s := range p.steps {
		if a, is := s.op.(kernels.Attention); is {
			if _, known := familyOf(s.outs[0]).(attend); !known {
				bytes += int64(a.Batch) * int64(a.Heads) * int64(a.Queries) * int64(a.Keys) * int64(p.dtype.Size())
			}
		}
	}
	return bytes
}

// attention is what was found of one.
type attention struct {
	*fuser
	op           kernels.Attention
	q, k, v, out *Node
	back         []attentionBack
	inside       map[*Node]bool // read by the parts alone
}

// attentionBack is a sweep through it.
type attentionBack struct{ dOut, dq, dk, dv *Node }

// attentionOf is the attention whose weights a softmax gives, nil where there is none or something else reads its parts.
func (f *fuser) attentionOf(weights *Node) *attention {
	a := &attention{fuser: f, inside: make(map[*Node]bool)}
	if !a.forward(weights) {
		return nil
	}
	ends := map[*Node]bool{a.out: true}
	for _, dv := range f.users[weights] {
		if m, ok := familyOf(dv).(matmul); ok && m == (matmul{transA: true}) && sources(dv)[0] == weights {
			b, ok := a.backward(weights, dv)
			if !ok {
				return nil
			}
			a.back = append(a.back, b)
			ends[b.dq], ends[b.dk], ends[b.dv] = true, true, true
		}
	}
	for n := range a.inside {
		if f.kept[n] || slices.ContainsFunc(f.users[n], func(u *Node) bool { return !a.inside[u] && !ends[u] }) {
			return nil
		}
	}
	return a
}

// forward finds the scores that the softmax is of, and the product with the values.
func (a *attention) forward(weights *Node) bool {
	scores := sources(weights)[0]
	a.inside[weights] = true
	if e, ok := familyOf(scores).(elementwise); ok && e.fn == kernels.FnAdd {
		in, t := sources(scores), weights.Shape()[1]
		if hides(in[0], t) {
			in[0], in[1] = in[1], in[0]
		}
		if !hides(in[1], t) {
			return false
		}
		a.inside[scores], a.op.Causal = true, true
		scores = in[0]
	}
	a.op.Scale = 1
	if e, ok := familyOf(scores).(elementwise); ok && e.fn == kernels.FnScale {
		a.inside[scores], a.op.Scale = true, e.imm
		scores = sources(scores)[0]
	}
	if m, ok := familyOf(scores).(matmul); !ok || m != (matmul{transB: true}) || scores.Dims() != 3 {
		return false
	}
	a.inside[scores] = true
	a.q, a.k = sources(scores)[0], sources(scores)[1]
	for _, u := range a.users[weights] {
		if m, ok := familyOf(u).(matmul); ok && m == (matmul{}) && sources(u)[0] == weights {
			if a.out != nil {
				return false
			}
			a.out, a.v = u, sources(u)[1]
		}
	}
	if a.out == nil || a.out.Dims() != 3 {
		return false
	}
	shape := scores.Shape()
	a.op.Batch, a.op.Heads, a.op.Queries, a.op.Keys = shape[0], 1, shape[1], shape[2]
	a.op.Width, a.op.Values = Size(a.q)/max(1, shape[0]*shape[1]), a.out.Shape()[2]
	return Size(scores) > 0 && min(a.op.Width, a.op.Values) > 0 && weights.Shape()[1] == shape[2] && a.out.Shape()[1] == shape[1]
}

// backward finds the sweep in which dv is the gradient in the values.
func (a *attention) backward(weights, dv *Node) (b attentionBack, ok bool) {
	b = attentionBack{dv: dv, dOut: sources(dv)[1]}
	dWeights := a.reader(b.dOut, func(n *Node) bool { return familyOf(n) == matmul{transB: true} && sources(n)[1] == a.v })
	scaled := a.reader(dWeights, a.function(kernels.FnMul, dWeights, weights))
	sums := a.reader(scaled, func(n *Node) bool { s, is := familyOf(n).(sum); return is && s.b == a.op.Keys && s.c == 1 })
	repeated := a.reader(sums, func(n *Node) bool {
		r, is := familyOf(n).(broadcast)
		return is && r.b == a.op.Keys && r.c == 1 && Size(n) == Size(weights)
	})
	centred := a.reader(repeated, a.function(kernels.FnSub, dWeights, repeated))
	dScores := a.reader(centred, a.function(kernels.FnMul, weights, centred))
	for _, n := range []*Node{dWeights, scaled, sums, repeated, centred, dScores} {
		if n == nil {
			return b, false
		}
		a.inside[n] = true
	}
	if a.op.Scale != 1 {
		dScores = a.reader(dScores, func(n *Node) bool { return familyOf(n) == elementwise{fn: kernels.FnScale, imm: a.op.Scale} })
		a.inside[dScores] = true
	}
	b.dq = a.reader(dScores, func(n *Node) bool { return familyOf(n) == matmul{} && sources(n)[0] == dScores && sources(n)[1] == a.k })
	b.dk = a.reader(dScores, func(n *Node) bool {
		return familyOf(n) == matmul{transA: true} && sources(n)[0] == dScores && sources(n)[1] == a.q
	})
	return b, b.dq != nil && b.dk != nil && b.dq.Dims() == 3
}

// reader is the one that reads a node and is as asked for; nil if there is none, or several.
func (f *fuser) reader(n *Node, is func(*Node) bool) (found *Node) {
	if n == nil {
		return nil
	}
	for _, u := range f.users[n] {
		if is(u) {
			if found != nil {
				return nil
			}
			found = u
		}
	}
	return found
}

// function asks for one of two values; terms and factors may stand in any order.
func (a *attention) function(fn kernels.Fn, x, y *Node) func(*Node) bool {
	return func(n *Node) bool {
		if familyOf(n) != (elementwise{fn: fn}) {
			return false
		}
		in := sources(n)
		return in[0] == x && in[1] == y || fn != kernels.FnSub && in[0] == y && in[1] == x
	}
}

// hides reports a matrix [t,t], repeated, that takes from the softmax of each row what is behind the diagonal: 0 on and before it, and behind it a
// number so low that no score comes up against it.
func hides(n *Node, t int) bool {
	if _, ok := familyOf(n).(broadcast); !ok {
		return false
	}
	mask, access := read(n)
	if access.C != t*t || access.Each() != 1 || Size(mask) != t*t {
		return false
	}
	if isConstant(mask) {
		return triangular(mask.Value().Data(), t)
	}
	v, ok := lowest(mask)
	return ok && t > 1 && v <= mostHidden && root(Triangle(mask, t, 1, v)) == mask // which is found where it is there already
}

// mostHidden is what a mask must add at most to what is hidden: scores differ by less.
const mostHidden = -1e9

// lowest is the constant that a triangle is made of.
func lowest(n *Node) (float64, bool) {
	for _, x := range reach([]*Node{n}, inputsOf) {
		if v, ok := isFill(x); ok && v < 0 {
			return v, true
		}
	}
	return 0, false
}

func triangular(data any, t int) bool {
	switch x := data.(type) {
	case []float32:
		return hidesBehind(x, t)
	case []float64:
		return hidesBehind(x, t)
	}
	return false
}

func hidesBehind[T kernels.Float](x []T, t int) bool {
	if len(x) != t*t {
		return false
	}
	for i, v := range x {
		behind := i%t > i/t
		if v != v || behind && float64(v) > mostHidden || !behind && v != 0 {
			return false
		}
	}
	return true
}

// replace lets the kernels compute what was found.
func (a *attention) replace() {
	if a.pack() {
		return
	}
	l := a.logSums(a.out)
	a.compute(kernels.Attention(a.op), []*Node{a.out, l}, a.q, a.k, a.v)
	for _, b := range a.back {
		a.compute(kernels.AttentionGradient(a.op), []*Node{b.dq, b.dk, b.dv}, a.q, a.k, a.v, a.out, b.dOut, l)
	}
}

// logSums stands for what the gradient reads of the softmax. The expression does not name it.
func (a *attention) logSums(of *Node) *Node {
	l := unnamed(of, a.op.Batch*a.op.Heads*a.op.Queries)
	a.unnamed = append(a.unnamed, l)
	return l
}

func (f *fuser) compute(op kernels.Primitive, outs []*Node, ins ...*Node) {
	w := &whole{outs, ins, op}
	for _, n := range outs {
		f.wholes[n] = w
	}
}

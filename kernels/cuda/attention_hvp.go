//go:build gpu

package cuda

import "drift/kernels"

// attentionTangent takes two kernels: the means of each query's slopes, and the results.
func (p *planner) attentionTangent(op kernels.AttentionTangent, out, in []uint64) error {
	n := len(in) / 2
	a := newAttentionArgs(kernels.Attention(op), in[n])
	a.Q, a.K, a.V = in[0], in[n/2], in[n-1]
	a.along(in[n+1:])
	a.TO = out[0]
	a.Means, _ = p.reserve(0, p.size()*int64(op.Batch*op.Heads*op.Queries))
	return p.attendAlong(a)
}

// attentionHVP takes those two, the inner products that all scores of a query share and how these change, then what is added up over keys, and over
// queries.
func (p *planner) attentionHVP(op kernels.AttentionHVP, out, in []uint64) error {
	n := (len(in) - 3) / 2
	a := newAttentionArgs(kernels.Attention(op), in[n+2])
	a.Q, a.K, a.V = in[0], in[n/2], in[n-1]
	a.O, a.G = in[n], in[n+1]
	a.along(in[n+3:])
	a.DQ, a.DK, a.DV = out[0], out[n/2], out[n-1]
	a.TO = out[n]
	bytes := p.size() * int64(op.Batch*op.Heads*op.Queries)
	a.Means, _ = p.reserve(0, 3*bytes)
	a.Dots, a.Changes = a.Means+uint64(bytes), a.Means+uint64(2*bytes)
	if err := p.attendAlong(a); err != nil {
		return err
	}
	if err := p.attendDots(a); err != nil {
		return err
	}
	change := a
	change.O, change.Dots = a.TO, a.Changes
	if err := p.attendDots(change); err != nil {
		return err
	}
	if err := p.attend("attention_hvp_queries", a, op.Queries, op.Width); err != nil {
		return err
	}
	return p.attend("attention_hvp_keys", a, op.Keys, max(op.Width, op.Values))
}

// along says what changes with q, k and v.
func (a *attentionArgs) along(in []uint64) {
	a.TQ, a.TK, a.TV = in[0], in[len(in)/2], in[len(in)-1]
}

func (p *planner) attendAlong(a attentionArgs) error {
	if err := p.attend("attention_means", a, int(a.Queries), 1); err != nil {
		return err
	}
	return p.attend("attention_tangent", a, int(a.Queries), int(a.Values))
}

//go:build gpu

package cuda

import "drift/kernels"

// attentionArgs is the struct of ptx/attention.cuh.
type attentionArgs struct {
	Q, K, V, O, L, G, Dots, DQ, DK, DV           uint64
	TQ, TK, TV, TO, Means, Changes               uint64
	Scale                                        float64
	Batch, Heads, Queries, Keys                  uint32
	Width, Values, Causal, Packed, Narrow, Chunk uint32
}

// What the blocks of ptx/attention.cuh work on: queries and keys, and columns of a result.
const (
	attentionRows    = 64
	attentionRows64  = 32 // of float64
	attentionColumns = 64
)

func newAttentionArgs(op kernels.Attention, l uint64) attentionArgs {
	return attentionArgs{L: l, Scale: op.Scale, Batch: uint32(op.Batch), Heads: uint32(op.Heads), Queries: uint32(op.Queries), Keys: uint32(op.Keys),
		Width: uint32(op.Width), Values: uint32(op.Values), Causal: bit(op.Causal), Packed: bit(op.Packed)}
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// attention computes blocks of scores and what they weigh in one kernel.
func (p *planner) attention(op kernels.Attention, out, in []uint64) error {
	a := newAttentionArgs(op, out[1])
	a.O = out[0]
	a.Q, a.K, a.V = in[0], in[len(in)/2], in[len(in)-1]
	if p.attentionByCuDNN(a, op, false) {
		return nil
	}
	return p.attend("attention", a, op.Queries, op.Values)
}

// attentionGradient takes three kernels: the inner products that all scores of a query share, then what is added up over keys, and over queries.
func (p *planner) attentionGradient(op kernels.AttentionGradient, out, in []uint64) error {
	n := len(in) - 3
	a := newAttentionArgs(kernels.Attention(op), in[n+2])
	a.Q, a.K, a.V = in[0], in[n/2], in[n-1]
	a.DQ, a.DK, a.DV = out[0], out[n/2], out[n-1]
	a.O, a.G = in[n], in[n+1]
	if p.attentionByCuDNN(a, kernels.Attention(op), true) {
		return nil
	}
	a.Dots, _ = p.reserve(0, p.size()*int64(op.Batch*op.Heads*op.Queries))
	if err := p.attendDots(a); err != nil {
		return err
	}
	if err := p.attend("attention_queries", a, op.Queries, op.Width); err != nil {
		return err
	}
	return p.attend("attention_keys", a, op.Keys, max(op.Width, op.Values))
}

// attendDots makes the inner products of o and its gradient.
func (p *planner) attendDots(a attentionArgs) error {
	a.Narrow = p.narrowBits(a)
	return add(p, "attention_dots", blocks(ceil(int(a.Batch*a.Heads*a.Queries), blockThreads/16), blockThreads), a)
}

// attend launches blocks for rows of all heads and columns of their results.
func (p *planner) attend(kernel string, a attentionArgs, rows, columns int) error {
	side := attentionRows
	if p.dtype == kernels.Float64 {
		side = attentionRows64
	}
	a.Narrow, a.Chunk = p.narrowBits(a), uint32(ceil(columns, attentionColumns))
	return add(p, kernel, blocks(int(a.Batch*a.Heads)*ceil(rows, side)*int(a.Chunk), blockThreads), a)
}

// narrowBits tells the kernels which operands are stored as bfloat16.
func (p *planner) narrowBits(a attentionArgs) (bits uint32) {
	for k, at := range []uint64{a.Q, a.K, a.V, a.O, a.G, a.DQ, a.DK, a.DV, a.TQ, a.TK, a.TV, a.TO} {
		bits |= bit(p.narrow[at]) << k
	}
	return bits
}

package graph

import (
	"slices"

	"drift/kernels"
)

// joinFactorSums lets the product that makes a weight's gradient add up its first factor too, which is a bias's gradient: the adjoint of the layer's
// result is read once for both. The sums are in float32, as the result is. The steps must be connected, and are again afterwards.
func (p *Plan) joinFactorSums(f *fuser) {
	gone := make(map[*step]bool)
	for _, g := range p.steps {
		gemm, product := g.op.(kernels.Gemm)
		if !product || !g.foldable() || gemm.Batch != 1 || gemm.M*gemm.N*gemm.K == 0 {
			continue
		}
		joined := kernels.Product{Gemm: gemm, FactorSums: true}
		for _, s := range p.steps {
			if !gone[s] && s.adds(g.ins[0], joined.SumsOfFactor()) && !s.leadsTo(g) && f.stepVaries(s) == f.stepVaries(g) {
				g.op, g.outs, g.nodes = joined, []*Node{s.outs[0], g.outs[0]}, slices.Concat(s.nodes, g.nodes)
				gone[s] = true
				break
			}
		}
	}
	p.steps = slices.DeleteFunc(p.steps, func(s *step) bool { return gone[s] })
	p.connect()
}

// adds reports a step that is these sums of a value and nothing else.
func (s *step) adds(n *Node, sums kernels.Reduce) bool {
	r, ok := s.op.(kernels.Reduce)
	if !ok || len(s.outs) != 1 || len(s.ins) != 1 || s.ins[0] != n || s.copyTo != nil || s.partial {
		return false
	}
	return r.Map.Access[0].Full() && r.Map.Results[0] == 0 && !r.Max && r.A == sums.A && r.B == sums.B && r.C == sums.C
}

//go:build gpu

package cuda

import "drift/kernels"

// copiedTogether is the arrays that one launch copies.
const copiedTogether = 64

// copiesArgs is the struct of ptx/copies.cu.
type copiesArgs struct {
	Out, X    [copiedTogether]uint64
	First, N  [copiedTogether]uint32
	Arrays, _ uint32
}

// copies has one launch round as many arrays to bfloat16 as it takes; others are copied one by one.
func (p *planner) copies(op kernels.Copies, out, in []uint64) error {
	const perBlock = 4 * blockThreads
	var a copiesArgs
	blocksSoFar := 0
	launch := func() error {
		err := addOf(p, "copies", kernels.Float32, blocks(blocksSoFar, blockThreads), a)
		a, blocksSoFar = copiesArgs{}, 0
		return err
	}
	for k, n := range op.N {
		switch {
		case n == 0:
			continue
		case p.storedAt(in[k]) != kernels.Float32 || p.storedAt(out[k]) != kernels.BFloat16:
			if err := p.fused(copyOf(n), out[k:k+1], in[k:k+1]); err != nil {
				return err
			}
			continue
		case a.Arrays == copiedTogether:
			if err := launch(); err != nil {
				return err
			}
		}
		a.Out[a.Arrays], a.X[a.Arrays], a.First[a.Arrays], a.N[a.Arrays] = out[k], in[k], uint32(blocksSoFar), uint32(n)
		a.Arrays++
		blocksSoFar += ceil(n, perBlock)
	}
	return launch()
}

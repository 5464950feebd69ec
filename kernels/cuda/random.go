//go:build gpu

package cuda

import "drift/kernels"

// uniformArgs is the struct of ptx/random.cu.
type uniformArgs struct {
	Out, Key, Index             uint64
	Rows, Width, Blocks, Stream uint32
}

func (p *planner) uniform(op kernels.Uniform, out, key, index uint64) error {
	a := uniformArgs{Out: out, Key: key, Index: index, Rows: uint32(op.Rows), Width: uint32(op.Width), Blocks: uint32(ceil(op.Width, 4)), Stream: op.Stream}
	return add(p, "uniform", across(op.Rows*int(a.Blocks)), a)
}

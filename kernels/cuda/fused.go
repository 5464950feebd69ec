//go:build gpu

package cuda

import (
	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// A thread handles 32 bytes of every operand at once, in vectors of 16.
const (
	chainBytes  = 32
	vectorBytes = 16
)

func (p *planner) chain() int  { return chainBytes / p.dtype.Size() }
func (p *planner) vector() int { return vectorBytes / p.dtype.Size() }

// threads is the size of a block whose threads keep a number of slots in shared memory, with the bytes: within what a block has without
// asking as long as 32 threads are left; 64 slots then take 64 KiB.
func threads(slots int) (n, bytes int) {
	for n = blockThreads; n > 32 && n*slots*chainBytes > freeShared; {
		n /= 2
	}
	return n, n * slots * chainBytes
}

// mapBlocks is two blocks for each of a large GPU's processors.
const mapBlocks = 264

func (p *planner) mapping(m kernels.Map, out, in []uint64) error {
	code, slots, err := compile(m, p.dtype, false, out, in)
	if err != nil {
		return err
	}
	n, shared := threads(slots)
	for n > 64 && ceil(m.N, n*p.chain()) < mapBlocks { // small blocks spread short runs over all processors
		n, shared = n/2, shared/2
	}
	grid := blocks(ceil(m.N, n*p.chain()), n)
	grid.Shared = shared
	return add(p, "map", grid, code)
}

// The structs of ptx/map.cu.
type (
	reduceArgs struct {
		A, B, C, Chunks   uint32
		TX, TY, TA, Share uint32
		Out, Partial      uint64
		Chain             program
	}
	joinArgs struct {
		A, C, Chunks, _ uint32
		Out, Partial    uint64
	}
)

// Enough blocks to fill a large GPU; a constant, so that sums are the same on all.
const reduceBlocks = 1024

func (p *planner) reduce(r kernels.Reduce, outs, in []uint64) error {
	out := outs[0]
	chain, slots, err := compile(r.Map, p.dtype, true, outs[1:], in)
	if err != nil {
		return err
	}
	own, depth := 1, p.chain() // columns and rows that a thread adds up at once
	if r.C > 1 && r.C%p.vector() == 0 {
		own, depth = p.vector(), p.chain()/p.vector()
	}
	n, _ := threads(slots)
	tx := power(ceil(r.C, own), 32)
	ty := power(ceil(r.B, depth), n/tx)
	ta := power(r.A, n/(tx*ty))
	n = tx * ty * ta
	tiles := ceil(r.C, tx*own) * ceil(r.A, ta)
	chunks := max(1, min(ceil(reduceBlocks, tiles), ceil(r.B, 2*ty*depth), reduceBlocks))
	share := max(1, ceil(r.B, chunks))
	if r.C == 1 {
		share = ceil(share, p.vector()) * p.vector() // so that every share begins with a vector
	}
	chunks = max(1, ceil(r.B, share))
	args := reduceArgs{
		A: uint32(r.A), B: uint32(r.B), C: uint32(r.C), Chunks: uint32(chunks),
		TX: uint32(tx), TY: uint32(ty), TA: uint32(ta), Share: uint32(share), Out: out, Chain: chain,
	}
	if chunks > 1 {
		args.Partial, _ = p.reserve(0, 8*int64(r.A)*int64(chunks)*int64(r.C))
	}
	op := "_sum"
	if r.Max {
		op = "_max"
	}
	grid := driver.Grid{X: tiles, Y: chunks, Z: 1, Threads: n, Shared: n * slots * chainBytes}
	if err := add(p, "reduce"+op, grid, args); err != nil || chunks == 1 {
		return err
	}
	join := joinArgs{A: args.A, C: args.C, Chunks: args.Chunks, Out: out, Partial: args.Partial}
	warps := power(r.A*r.C, blockThreads/32)
	return add(p, "join"+op, blocks(ceil(r.A*r.C, warps), 32*warps), join)
}

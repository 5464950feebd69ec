//go:build gpu

package cuda

import "drift/kernels"

// unpackArgs is the struct of ptx/unpack.cu.
type unpackArgs struct {
	Out, Levels, Table, Index, Moves uint64
	N, Rows, Groups, Height, Width   uint32
	Line, Fours, Moved, Words, _     uint32
	BySize, ByPlane, ByWidth         divisor
}

// unpack has a thread do four elements of a line where that is a multiple of four; without moves a group is one line.
func (p *planner) unpack(op kernels.Unpack, out uint64, in []uint64) error {
	height, width := op.Height, op.Width
	a := unpackArgs{Out: out, Levels: in[0], Table: in[1], Index: in[2], Rows: uint32(op.Table), Groups: uint32(op.Groups)}
	if op.Moved {
		a.Moves, a.Moved = in[3], 1
	} else {
		height, width = 1, op.Height*op.Width
	}
	line := width
	if width%4 == 0 && out%(4*p.bytesAt(out)) == 0 {
		a.Fours, line = 1, width/4
		if in[1]%4 == 0 {
			a.Words = 1
		}
	}
	n := op.Rows * op.Groups * height * line
	a.Height, a.Width, a.Line, a.N = uint32(height), uint32(width), uint32(line), uint32(n)
	a.BySize, a.ByPlane, a.ByWidth = divide(op.Groups*height*line), divide(height*line), divide(line)
	return addOf(p, "unpack", p.storedAt(out), across(n), a)
}

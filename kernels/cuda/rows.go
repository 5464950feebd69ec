//go:build gpu

package cuda

import (
	"drift/kernels"
	"drift/kernels/cuda/driver"
)

// The structs of ptx/rows.cu and ptx/table.cu.
type (
	rowArgs struct {
		Out, X, Y              uint64
		Rows, Cols, Group, Log uint32
	}
	castArgs struct {
		Out, X uint64
		N, _   uint32
	}
	tableArgs struct {
		Out, X, Index               uint64
		Rows, Width, Table, Vectors uint32
	}
)

func (p *planner) rows(op kernels.Primitive, out uint64, in []uint64) error {
	args := func(rows, cols int) rowArgs {
		a := rowArgs{Out: out, X: in[0], Rows: uint32(rows), Cols: uint32(cols)}
		a.Group = uint32(power(ceil(cols, 4), blockThreads))
		if len(in) > 1 {
			a.Y = in[1]
		}
		return a
	}
	kernel := func(name string, grid driver.Grid, a rowArgs) error { return addOf(p, name, p.storedAt(a.X), grid, a) }
	grouped := func(a rowArgs) driver.Grid {
		rows := power(int(a.Rows), blockThreads/int(a.Group)) // of a block
		return blocks(ceil(int(a.Rows), rows), rows*int(a.Group))
	}
	switch op := op.(type) {
	case kernels.Softmax:
		a := args(op.Rows, op.Cols)
		if op.Log {
			a.Log = 1
		}
		return kernel("softmax", grouped(a), a)
	case kernels.CrossEntropy:
		a := args(op.Rows, op.Cols)
		return kernel("crossentropy", grouped(a), a)
	case kernels.Correct:
		a := args(op.Rows, op.Cols)
		return kernel("correct", grouped(a), a)
	case kernels.Pick:
		return kernel("pick", across(op.Rows), args(op.Rows, op.Cols))
	default:
		o := op.(kernels.Place)
		return addOf(p, "place", p.storedAt(out), across(o.Rows*o.Cols), args(o.Rows, o.Cols))
	}
}

// cast makes indices of numbers, or numbers or other indices of indices.
func (p *planner) cast(kernel string, n int, out, x uint64) error {
	return add(p, kernel, across(n), castArgs{Out: out, X: x, N: uint32(n)})
}

func (p *planner) table(op kernels.Primitive, out uint64, in []uint64) error {
	if g, ok := op.(kernels.Gather); ok {
		return p.gather(g, out, in[0], in[1])
	}
	s := op.(kernels.Scatter)
	a := tableArgs{Out: out, X: in[0], Index: in[1], Rows: uint32(s.Rows), Width: uint32(s.Width), Table: uint32(s.Table)}
	return addOf(p, "scatter", p.storedAt(in[0]), across(s.Table*s.Width), a)
}

// gather moves rows, 16 bytes at once where they divide so, or rounds them to bfloat16.
func (p *planner) gather(g kernels.Gather, out, x, index uint64) error {
	a := tableArgs{Out: out, X: x, Index: index, Rows: uint32(g.Rows), Width: uint32(g.Width), Table: uint32(g.Table)}
	kernel, dt, to := "gather", p.storedAt(x), p.storedAt(out)
	if dt != to {
		kernel = "gathernarrow"
	}
	vector := vectorBytes / dt.Size()
	if g.Width%vector == 0 && x%vectorBytes == 0 && out%uint64(vector*to.Size()) == 0 {
		a.Width, a.Vectors = uint32(g.Width/vector), 1
	}
	return addOf(p, kernel, dt, across(g.Rows*int(a.Width)), a)
}

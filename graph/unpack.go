package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// unpack takes rows of a table of bytes as the numbers that they stand for. No derivative passes through it.
type unpack struct{ moved bool }

func (f unpack) String() string                   { return fmt.Sprintf("unpack(%v)", f.moved) }
func (unpack) vjp(in []*Node, _, _ *Node) []*Node { return make([]*Node, len(in)) }
func (unpack) takesIndices(int) bool              { return true }
func (f unpack) groups(in []tensor.Shape) (int, int) {
	return in[0][0], product(in[1][1:]) / max(1, in[0][0])
}

func (f unpack) shape(in []tensor.Shape) tensor.Shape {
	levels, table, index := in[0], in[1], in[2]
	if len(levels) != 2 || levels[1] != 256 || len(index) != 1 || levels[0] < 1 || product(table[1:])%levels[0] != 0 {
		misuse("unpack: levels %v of bytes %v by indices %v", levels, table, index)
	}
	if f.moved && (len(table) != 4 || table[1] != levels[0] || !in[3].Eq(index)) {
		misuse("unpack: images %v, with levels %v, that move by %v", table, levels, in[3])
	}
	out := table.Clone()
	out[0] = index[0]
	return out
}

func (f unpack) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	groups, run := f.groups(in)
	p := kernels.Unpack{Rows: in[2][0], Table: in[1][0], Groups: groups, Height: 1, Width: run}
	if f.moved {
		p.Height, p.Width, p.Moved = in[1][2], in[1][3], true
	}
	return p
}

// below is that of rows that examples look up.
func (f unpack) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	k, inside := l.along(out[0], product(out[1:]))
	if k != 0 {
		return nil
	}
	own := []layout{{}, {}, inside, inside}
	return own[:len(in)]
}

// Unpack is what the bytes of the rows that the indices name stand for: Unpack([g,256], [t,…], [n]) → [n,…], where the elements of a row fall into
// g runs with levels of their own. With moves [n] (kernels.Move), rows are images [g,h,w] and each moves by its own. The table is a leaf of Uint8; levels
// may be indices.
func Unpack(levels, table, index, moves *Node) *Node {
	if moves == nil {
		return apply(unpack{}, levels, table, indices(index))
	}
	return apply(unpack{true}, levels, table, indices(index), indices(moves))
}

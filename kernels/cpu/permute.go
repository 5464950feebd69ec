package cpu

import "drift/kernels"

// axis is one axis of a permutation's result: its length and how far apart its elements are in the input and the result.
type axis struct{ n, in, out int }

// permutation moves elements by a loop nest: outer axes, and within them a plane of two axes, columns being the result's last
// axis and rows the input's, so that tiles of the plane are read and written in whole cache lines.
type permutation[T kernels.Float] struct {
	outer         []axis
	rows, columns axis
	out, x        []T
}

const tileSide = 16 // a tile of 16×16 float32 is 16 cache lines either way

func loadPermute[T kernels.Float](l *loader, p kernels.Permute, o operands[T]) {
	axes := simplify(p)
	if len(o.out[0]) == 0 {
		return
	}
	last := len(axes) - 1
	if axes[last].in == 1 { // runs stay together
		n := axes[last].n
		outer := axes[:last]
		l.pieces(len(o.out[0])/n, n, func(row, from, to int) {
			in, out := offset(outer, row)
			copy(o.out[0][out+from:out+to], o.in[0][in+from:])
		})
		return
	}
	t := &permutation[T]{columns: axes[last], out: o.out[0], x: o.in[0]}
	for _, a := range axes[:last] {
		if a.in == 1 {
			t.rows = a
		} else {
			t.outer = append(t.outer, a)
		}
	}
	strips := (t.rows.n + tileSide - 1) / tileSide
	planes := len(t.out) / (t.rows.n * t.columns.n)
	l.parallel(planes*strips, 4*t.columns.n*min(tileSide, t.rows.n), func(_, from, to int) {
		for i := from; i < to; i++ {
			t.strip(i/strips, i%strips*tileSide)
		}
	})
}

// simplify is the result's axes with those of length one dropped and those that stay neighbours merged.
func simplify(p kernels.Permute) []axis {
	var stride [6]int
	for i, s := p.Rank-1, 1; i >= 0; i-- {
		stride[i], s = s, s*p.Shape[i]
	}
	var axes []axis
	for _, from := range p.Perm[:p.Rank] {
		a := axis{n: p.Shape[from], in: stride[from]}
		if k := len(axes) - 1; k >= 0 && axes[k].in == a.n*a.in {
			axes[k].n, axes[k].in = axes[k].n*a.n, a.in
		} else if a.n != 1 {
			axes = append(axes, a)
		}
	}
	if len(axes) == 0 {
		return []axis{{1, 1, 1}}
	}
	for k, s := len(axes)-1, 1; k >= 0; k-- {
		axes[k].out, s = s, s*axes[k].n
	}
	return axes
}

// offset is where place i of the axes' index space is in the input and in the result.
func offset(axes []axis, i int) (in, out int) {
	for k := len(axes) - 1; k >= 0; k-- {
		in += i % axes[k].n * axes[k].in
		out += i % axes[k].n * axes[k].out
		i /= axes[k].n
	}
	return in, out
}

// strip moves tileSide rows, from row first on, of a plane.
func (t *permutation[T]) strip(plane, first int) {
	in, out := offset(t.outer, plane)
	end := min(first+tileSide, t.rows.n)
	for c0 := 0; c0 < t.columns.n; c0 += tileSide {
		c1 := min(c0+tileSide, t.columns.n)
		for r := first; r < end; r++ {
			dst := t.out[out+r*t.rows.out+c0:][:c1-c0]
			src := t.x[in+c0*t.columns.in+r:]
			for i := range dst {
				dst[i] = src[i*t.columns.in]
			}
		}
	}
}

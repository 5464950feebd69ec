package cpu

import (
	"math"
	"slices"

	"drift/kernels"
)

func loadUnpack[T kernels.Float](l *loader, p kernels.Unpack, o operands[T]) {
	at, moves := o.index, []int32(nil)
	if p.Moved {
		at, moves = o.key, o.index
	}
	unpackRows(l, p, o.out[0], o.in[0], o.bytes, at, moves, T(math.NaN()))
}

// unpackRows looks up what bytes stand for; missing is what an index out of range gives.
func unpackRows[E any](l *loader, p kernels.Unpack, out, levels []E, table []byte, at, moves []int32, missing E) {
	size := p.Groups * p.Height * p.Width
	l.parallel(p.Rows, 4*size+8, func(_, from, to int) {
		for r := from; r < to; r++ {
			row := out[r*size : (r+1)*size]
			t, ok := index(at[r], p.Table)
			switch {
			case !ok:
				fill(row, missing)
			case p.Moved && moves[r] != 0:
				unpackMoved(p, row, levels, table[t*size:(t+1)*size], moves[r])
			default:
				unpackRow(p, row, levels, table[t*size:(t+1)*size])
			}
		}
	})
}

func unpackRow[E any](p kernels.Unpack, row, levels []E, bytes []byte) {
	plane := p.Height * p.Width
	for g := range p.Groups {
		lookUp(row[g*plane:(g+1)*plane], bytes[g*plane:(g+1)*plane], (*[256]E)(levels[g*256:]))
	}
}

func lookUp[E any](out []E, bytes []byte, levels *[256]E) {
	out = out[:len(bytes)]
	for i, b := range bytes {
		out[i] = levels[b]
	}
}

// unpackMoved fills what lies outside the image with what byte 0 stands for.
func unpackMoved[E any](p kernels.Unpack, row, levels []E, bytes []byte, move int32) {
	dy, dx, mirrored := kernels.Moves(move)
	left := min(max(0, -dx), p.Width)
	right := max(left, min(p.Width, p.Width-dx)) // the part of a line that lies inside
	for line := range p.Groups * p.Height {
		g, y := line/p.Height, line%p.Height+dy
		of := (*[256]E)(levels[g*256:])
		to := row[line*p.Width : (line+1)*p.Width]
		if y < 0 || y >= p.Height || left == right {
			fill(to, of[0])
			continue
		}
		fill(to[:left], of[0])
		fill(to[right:], of[0])
		from := (g*p.Height+y)*p.Width + dx
		lookUp(to[left:right], bytes[from+left:from+right], of)
		if mirrored {
			slices.Reverse(to)
		}
	}
}

func fill[E any](x []E, v E) {
	for i := range x {
		x[i] = v
	}
}

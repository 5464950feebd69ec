//go:build gpu

package cuda

import "drift/kernels"

// The structs of ptx/move.cu.
type (
	permuteArgs struct {
		Out, X        uint64
		N, Rank       uint32
		Shape, Stride [6]uint32
	}
	transposeArgs struct {
		Out, X         uint64
		Batch, M, N, _ uint32
	}
	sliceArgs struct {
		Out, X                 uint64
		A, B, C, From, Part, _ uint32
	}
)

func (p *planner) permute(op kernels.Permute, out, x uint64) error {
	a := simplify(op)
	a.Out, a.X = out, x
	if batch, m, n, ok := a.transposes(); ok {
		t := transposeArgs{Out: out, X: x, Batch: uint32(batch), M: uint32(m), N: uint32(n)}
		return addOf(p, "transpose", p.storedAt(out), blocks(batch*ceil(m, 32)*ceil(n, 32), blockThreads), t)
	}
	return addOf(p, "permute", p.storedAt(out), across(int(a.N)), a)
}

// simplify gives the result's axes with their strides in x, without axes of length 1 and with neighbours joined that are
// neighbours in x too.
func simplify(op kernels.Permute) permuteArgs {
	var strides [6]int
	n := 1
	for k := op.Rank - 1; k >= 0; k-- {
		strides[k] = n
		n *= op.Shape[k]
	}
	a := permuteArgs{N: uint32(n)}
	for _, axis := range op.Perm[:op.Rank] {
		length, stride := uint32(op.Shape[axis]), uint32(strides[axis])
		switch last := int(a.Rank) - 1; {
		case length == 1:
		case last >= 0 && a.Stride[last] == stride*length:
			a.Shape[last] *= length
			a.Stride[last] = stride
		default:
			a.Shape[a.Rank], a.Stride[a.Rank] = length, stride
			a.Rank++
		}
	}
	return a
}

// transposes reports whether the permutation is [batch, m, n] → [batch, n, m], with matrices large enough for a block each.
func (a permuteArgs) transposes() (batch, m, n int, ok bool) {
	const least = 8
	s, st := a.Shape, a.Stride
	switch {
	case a.Rank == 2 && st[0] == 1 && st[1] == s[0]:
		batch, m, n = 1, int(s[1]), int(s[0])
	case a.Rank == 3 && st[1] == 1 && st[2] == s[1] && st[0] == s[1]*s[2]:
		batch, m, n = int(s[0]), int(s[2]), int(s[1])
	}
	return batch, m, n, min(m, n) >= least
}

func (p *planner) slice(kernel string, s kernels.Slice, out, x uint64) error {
	n := s.A * s.B * s.C
	if kernel == "slice" {
		n = s.A * (s.To - s.From) * s.C
	}
	return addOf(p, kernel, p.storedAt(out), across(n), sliceArgs{
		Out: out, X: x, A: uint32(s.A), B: uint32(s.B), C: uint32(s.C), From: uint32(s.From), Part: uint32(s.To - s.From),
	})
}

package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// source is an input of a chain. One that is not read element by element has a register for what a block sees of it.
type source[T kernels.Float] struct {
	kernels.Access
	fill     vmath.Func[T]
	register int
	repeats  bool // one row of C elements, repeated for all indices
}

// fetch is what indices [from, to) read of input k.
func (c *chain[T]) fetch(f *frame[T], worker, k, from, to int) []T {
	s := &c.inputs[k]
	if s.Full() {
		return f.in[k].elements(from, to)
	}
	at := from % s.C
	if s.C > 1 && s.Each() == 1 && at+to-from <= s.C { // within one run
		start := from/(s.B*s.C)*s.C + at
		return f.in[k].elements(start, start+to-from)
	}
	block := c.register(worker, s.register)
	switch {
	case !s.repeats:
		s.expand(block[:to-from], f.in[k], from)
	case f.phase[k] != at:
		s.expand(block[:min(len(block), c.n)], f.in[k], at)
		f.phase[k] = at
	}
	return block[:to-from]
}

// expand lays out what the indices from from on read.
func (s *source[T]) expand(dst []T, x stretch[T], from int) {
	if run := s.Run(); run > 1 || s.C == 1 {
		for i := 0; i < len(dst); {
			v := x.data[s.Element(from+i)-x.first]
			end := min(len(dst), i+run-(from+i)%run)
			if end-i >= 16 {
				s.fill(dst[i:end], nil, nil, v)
				i = end
			}
			for ; i < end; i++ {
				dst[i] = v
			}
		}
		return
	}
	for i := 0; i < len(dst); {
		at := (from + i) % s.C
		start := (from + i) / (s.B * s.C) * s.C
		if s.repeats { // the indices of a block that begins within the row may be counted beyond the last one
			start = 0
		}
		i += copy(dst[i:], x.elements(start+at, start+s.C))
	}
}

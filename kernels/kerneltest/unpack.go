package kerneltest

import (
	"math"
	"slices"

	"drift/kernels"
)

// testUnpack: bytes are looked up exactly, whatever the widths are multiples of, moved or not; the levels may be indices.
func testUnpack(s *suite) {
	for _, m := range []int32{kernels.Move(0, 0, false), kernels.Move(-3, 5, true), kernels.Move(kernels.MostMoved, -kernels.MostMoved, false)} {
		if dy, dx, mirrored := kernels.Moves(m); kernels.Move(dy, dx, mirrored) != m {
			s.Errorf("move %x is %d, %d, %v", m, dy, dx, mirrored)
		}
	}
	for _, p := range []kernels.Unpack{
		{Rows: 0, Table: 3, Groups: 1, Height: 1, Width: 4}, {Rows: 3, Table: 0, Groups: 1, Height: 1, Width: 4}, {Rows: 3, Table: 2},
		{Rows: 1, Table: 1, Groups: 1, Height: 1, Width: 1}, {Rows: 9, Table: 5, Groups: 3, Height: 4, Width: 8}, {Rows: 9, Table: 5, Groups: 3, Height: 5, Width: 7},
		{Rows: 64, Table: 30, Groups: 1, Height: 28, Width: 28}, {Rows: 5, Table: 4, Groups: 10, Height: 1, Width: 1}, {Rows: 70, Table: 9, Groups: 2, Height: 1, Width: 333},
	} {
		size := p.Groups * p.Height * p.Width
		levels, table := s.normal(256*p.Groups), s.indices(p.Table*size, 0, 256)
		at := s.indices(p.Rows, -1, p.Table+1)
		s.check(p, 0, levels, table, at)
		p.Moved = true
		for _, most := range []int{1, 4, 40} {
			s.check(p, 0, levels, table, at, s.moves(p.Rows, most))
		}
	}
	s.unpackIndices()
}

// unpackIndices has levels that are indices beyond what float32 can tell apart.
func (s *suite) unpackIndices() {
	p := kernels.Unpack{Rows: 40, Table: 7, Groups: 1, Height: 1, Width: 12}
	levels := make([]float64, 256)
	for i := range levels {
		levels[i] = 1<<24 + 1 + float64(2*i)
	}
	in := [][]float64{levels, s.indices(p.Table*p.Width, 0, 256), s.indices(p.Rows, -1, p.Table+1)}
	want, _ := reference(p, in)
	for i, v := range want[0] {
		if math.IsNaN(v) {
			want[0][i] = -1
		}
	}
	for _, s.aligned = range []bool{true, false} {
		call := kernels.Call{Op: p}
		for k, x := range append([][]float64{make([]float64, len(want[0]))}, in...) {
			dt := kernels.Int32
			if k == 2 {
				dt = kernels.Uint8
			}
			b, _ := s.viewOf(dt, x)
			call.In = append(call.In, b)
		}
		call.Out, call.In = call.In[:1:1], call.In[1:]
		e := s.load(call)
		if err := e.Run(); err != nil {
			s.Fatal(err)
		}
		e.Close()
		if got := s.read(call.Out[0]); !same(got, want[0]) {
			s.Fatalf("%+v: %v, want %v", p, got, want[0])
		}
	}
}

// moves is n random moves by most pixels each way, some of them none.
func (s *suite) moves(n, most int) []float64 {
	x := make([]float64, n)
	for i := range x {
		if i%5 > 0 {
			x[i] = float64(kernels.Move(s.rng.IntN(2*most+1)-most, s.rng.IntN(2*most+1)-most, s.rng.IntN(2) == 1))
		}
	}
	return x
}

func refUnpack(p kernels.Unpack, out []float64, in [][]float64) {
	size := p.Groups * p.Height * p.Width
	for r := range p.Rows {
		var move int32
		if p.Moved {
			move = int32(in[3][r])
		}
		dy, dx, mirrored := kernels.Moves(move)
		for line := range p.Groups * p.Height {
			to := out[r*size+line*p.Width:][:p.Width]
			for x := range to {
				g, y := line/p.Height, line%p.Height+dy
				b := 0.0 // outside the image
				switch t := in[2][r]; {
				case !(t >= 0 && t < float64(p.Table)):
					b = math.NaN()
				case y >= 0 && y < p.Height && x+dx >= 0 && x+dx < p.Width:
					b = in[1][int(t)*size+(g*p.Height+y)*p.Width+x+dx]
				}
				to[x] = at(in[0], float64(256*g)+b)
			}
			if mirrored {
				slices.Reverse(to)
			}
		}
	}
}

// testBytes: a buffer of bytes takes and gives bytes alone.
func testBytes(s *suite) {
	const n = 100003
	b, err := s.device.NewBuffer(kernels.Uint8, n)
	if err != nil {
		s.Fatal(err)
	}
	defer b.Free()
	list, back := whole8(s.indices(n, 0, 256)), make([]byte, n)
	if err := b.Write(list); err != nil {
		s.Fatal(err)
	}
	if err := b.Read(back); err != nil || !slices.Equal(list, back) || b.DType() != kernels.Uint8 {
		s.Fatalf("bytes written and read differ (%v)", err)
	}
	if err := b.Slice(3, 70).Read(back[:67]); err != nil || !slices.Equal(list[3:70], back[:67]) {
		s.Fatalf("a slice of bytes reads otherwise (%v)", err)
	}
	for _, wrong := range []any{make([]float64, n), make([]float32, n), make([]int32, n), list[1:], nil} {
		if b.Write(wrong) == nil || b.Read(wrong) == nil {
			s.Fatalf("a buffer of bytes took %T", wrong)
		}
	}
}

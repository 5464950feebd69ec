package kerneltest

import (
	"fmt"
	"math"

	"drift/kernels"
)

// edges are arguments at which functions change course, overflow, underflow or are undefined. Each is exact in float32.
func edges(dt kernels.DType) []float64 {
	x := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, -3, 10, -10, 20, -20, 80, -80, 87, -87, 104, -104, 1000, -1000,
		0x1p-12, -0x1p-12, 0x1p-30, -0x1p-30, 0x1p-60, 0x1p-100, 0x1p60, -0x1p60, 0x1p100, 0x1p-126, -0x1p-126, 1 + 0x1p-20, 1 - 0x1p-20,
		math.Inf(1), math.Inf(-1), math.NaN(), 0.125, 4, 5.5, -5.5, 8.75, -8.75, 9.25, -9.25, 12, -12, 15.5, -15.5, 30, -30, 40, -40}
	if dt == kernels.Float64 {
		x = append(x, 700, -700, 750, -750, 0x1p-1000, 0x1p1000, 0x1p-1022)
	}
	return x
}

// testFunctions applies each function alone to edge values and random ones of all magnitudes.
func testFunctions(s *suite) {
	x := edges(s.dt)
	for range 2000 {
		x = append(x, float64(float32(s.rng.NormFloat64()*math.Exp2(float64(s.rng.IntN(20)-13)))))
	}
	y := append([]float64(nil), x...)
	s.rng.Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
	n := len(x)
	for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
		s.check(kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: n}, {B: 1, C: n}}, Code: []kernels.Instr{{Fn: f, X: 0, Y: 1, Imm: 0.75}},
			Results: []uint8{2}}, 1, x, y)
	}
}

// testShortMaps runs every length up to a few vectors, and some around the sizes that devices like.
func testShortMaps(s *suite) {
	lengths := []int{127, 128, 129, 1000, 1023, 1024, 1025, 4097, 100003}
	for n := range 70 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		for _, f := range []kernels.Fn{kernels.FnConst, kernels.FnCopy, kernels.FnAdd, kernels.FnMul, kernels.FnRelu, kernels.FnExp,
			kernels.FnTanh, kernels.FnNormCDF} {
			s.check(kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}, {B: 1, C: 1}}, Code: []kernels.Instr{{Fn: f, X: 0, Y: 1, Imm: -1.5}},
				Results: []uint8{2}}, 1, s.normal(n), s.normal(n))
		}
	}
}

// accessesOf lists ways to read an input of a Map with n = a·b·c indices.
func accessesOf(a, b, c int) []kernels.Access {
	n := a * b * c
	return []kernels.Access{{B: 1, C: c}, {B: n, C: 1}, {B: a * b, C: c}, {B: b * c, C: 1}, {B: b, C: c}, {B: c, C: 1}, {B: a, C: b * c},
		{B: a, C: b, D: c}, {B: b, C: 1, D: c}, {B: 1, C: b, D: c}, {B: 1, C: a, D: b * c}}
}

func testAccess(s *suite) {
	for _, shape := range [][3]int{{1, 1, 1}, {2, 3, 4}, {5, 1, 7}, {3, 64, 10}, {7, 11, 13}, {1, 513, 10}, {4, 2, 1500},
		{33, 100, 1}, {1, 3, 5000}, {2, 1100, 3}} {
		a, b, c := shape[0], shape[1], shape[2]
		all := accessesOf(a, b, c)
		for i, first := range all {
			second := all[(i+3)%len(all)]
			n := a * b * c
			s.check(kernels.Map{N: n, Access: []kernels.Access{first, second, {B: 1, C: 1}},
				Code:    []kernels.Instr{{Fn: kernels.FnMul, X: 0, Y: 1}, {Fn: kernels.FnAdd, X: 3, Y: 2}},
				Results: []uint8{4, 0}}, 1, s.normal(first.Len(n)), s.normal(second.Len(n)), s.normal(n))
		}
	}
	s.check(kernels.Map{N: 0, Access: []kernels.Access{{B: 3, C: 5}, {B: 1, C: 1}},
		Code: []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}}, Results: []uint8{2}}, 1, nil, nil)
	s.check(kernels.Map{N: 5, Code: []kernels.Instr{{Fn: kernels.FnConst, Imm: 2.5}}, Results: []uint8{0}}, 1)
	s.check(kernels.Map{N: 5}, 1)
	s.check(kernels.Map{N: 5, Access: []kernels.Access{{B: 1, C: 1}}}, 1, s.normal(5))
}

// smooth are functions through which an error grows in a known way.
var smooth = []kernels.Fn{kernels.FnAddConst, kernels.FnScale, kernels.FnAbs, kernels.FnRelu, kernels.FnTanh,
	kernels.FnSigmoid, kernels.FnSoftplus, kernels.FnSin, kernels.FnCos, kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnMax, kernels.FnMin, kernels.FnConst, kernels.FnCopy}

// testChains runs random programs up to the largest size, with results anywhere among the values.
func testChains(s *suite) {
	for round := range 60 {
		n := 1 + s.rng.IntN(3000)
		inputs := 1 + s.rng.IntN(5)
		p := kernels.Map{N: n}
		var in [][]float64
		for k := range inputs {
			p.Access, in = append(p.Access, kernels.Access{B: 1, C: n}), append(in, s.normal(n))
			if k%2 == 1 {
				p.Access[k], in[k] = kernels.Access{B: n, C: 1}, s.normal(1)
			}
		}
		length := 1 + s.rng.IntN(20)
		if round == 0 {
			length = kernels.MaxMapValues - inputs
		}
		for range length {
			values := inputs + len(p.Code)
			p.Code = append(p.Code, kernels.Instr{Fn: smooth[s.rng.IntN(len(smooth))], X: uint8(s.rng.IntN(values)), Y: uint8(s.rng.IntN(values)),
				Imm: float64(float32(s.rng.Float64() - 0.5))})
		}
		for range s.rng.IntN(4) {
			p.Results = append(p.Results, uint8(s.rng.IntN(inputs+length)))
		}
		p.Results = append(p.Results, uint8(inputs+length-1))
		s.check(p, 1, in...)
	}
}

// testInPlace has outputs in the memory of inputs, crossed and kept.
func testInPlace(s *suite) {
	const n = 2500
	full := kernels.Access{B: 1, C: n}
	add, scale := kernels.Instr{Fn: kernels.FnAdd, X: 0, Y: 1}, kernels.Instr{Fn: kernels.FnScale, X: 0, Imm: 2}
	for _, c := range []struct {
		code    []kernels.Instr
		results []uint8
	}{
		{nil, []uint8{1, 0}},                         // swap
		{nil, []uint8{0, 1}},                         // leave
		{nil, []uint8{1, 1}},                         // copy one over the other
		{[]kernels.Instr{add}, []uint8{2, 0}},        // first output early, first input read late
		{[]kernels.Instr{add, scale}, []uint8{2, 3}}, // first input read after the first result is known
		{[]kernels.Instr{scale, add}, []uint8{3, 2}},
		{[]kernels.Instr{add, scale, {Fn: kernels.FnMul, X: 2, Y: 3}}, []uint8{4, 2}},
	} {
		p := kernels.Map{N: n, Access: []kernels.Access{full, full}, Code: c.code, Results: c.results}
		in := [][]float64{s.normal(n), s.normal(n)}
		want, bound := reference(p, in)
		a, _ := s.view(in[0])
		b, _ := s.view(in[1])
		e := s.load(kernels.Call{Op: p, Out: []kernels.Buffer{a, b}, In: []kernels.Buffer{a, b}})
		if err := e.Run(); err != nil {
			s.Fatal(err)
		}
		e.Close()
		s.compare(fmt.Sprintf("in place, code %v, results %v", c.code, c.results), 1, [][]float64{s.read(a), s.read(b)}, want, bound)
	}
}

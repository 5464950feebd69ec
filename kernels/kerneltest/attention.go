package kerneltest

import (
	"math"

	"drift/kernels"
)

// attentions are heads of all shapes: of one query, of more keys than queries, in sizes that fill no block and no vector, and of several blocks.
var attentions = []kernels.Attention{
	{Batch: 1, Heads: 1, Queries: 1, Keys: 1, Width: 1, Values: 1, Scale: 1},
	{Batch: 2, Heads: 3, Queries: 5, Keys: 7, Width: 4, Values: 3, Scale: 0.5},
	{Batch: 3, Heads: 1, Queries: 1, Keys: 33, Width: 9, Values: 17, Scale: 1.0 / 3},
	{Batch: 1, Heads: 2, Queries: 64, Keys: 64, Width: 32, Values: 32, Scale: 0.25, Causal: true},
	{Batch: 2, Heads: 2, Queries: 130, Keys: 130, Width: 16, Values: 16, Scale: 0.25},
	{Batch: 1, Heads: 3, Queries: 131, Keys: 131, Width: 15, Values: 8, Scale: 0.25, Causal: true},
	{Batch: 1, Heads: 1, Queries: 20, Keys: 1100, Width: 8, Values: 8, Scale: 0.3},
	{Batch: 2, Heads: 3, Queries: 17, Keys: 17, Width: 8, Values: 8, Scale: 0.4, Packed: true},
	{Batch: 1, Heads: 2, Queries: 70, Keys: 70, Width: 32, Values: 32, Scale: 0.2, Causal: true, Packed: true},
	{Batch: 0, Heads: 2, Queries: 7, Keys: 7, Width: 3, Values: 3, Scale: 0.2},
	{Batch: 1, Heads: 2, Queries: 9, Keys: 11, Width: 70, Values: 130, Scale: 0.1}, // wider than what a block of any device holds
	{Batch: 1, Heads: 1, Queries: 66, Keys: 66, Width: 130, Values: 130, Scale: 0.1, Causal: true, Packed: true},
}

// testAttention compares with the definition. Gradients are given the exact o and l, rounded: a device's own differ in their last places.
func testAttention(s *suite) {
	for _, p := range attentions {
		_, sizes, _ := p.Operands()
		var in [][]float64
		for _, n := range sizes {
			in = append(in, s.normal(n))
		}
		units := float64(16 + p.Width + p.Values + p.Keys)
		s.check(p, units, in...)
		made := s.given(p, in)
		s.check(kernels.AttentionGradient(p), units+float64(p.Queries), append(in, made[0], s.normal(len(made[0])), made[1])...)
	}
}

// given is the exact results, rounded.
func (s *suite) given(p kernels.Attention, in [][]float64) (made [][]float64) {
	made, _ = reference(p, in)
	for _, x := range made {
		for i := range x {
			x[i] = s.round(x[i])
		}
	}
	return made
}

// testAttentionSees: what a causal query does not see changes nothing, be it no number, and large scores do not overflow.
func testAttentionSees(s *suite) {
	p := kernels.Attention{Batch: 1, Heads: 1, Queries: 70, Keys: 70, Width: 8, Values: 8, Scale: 1, Causal: true}
	const first = 64 // a block of its own on every device
	q, k, v := s.normal(70*8), s.normal(70*8), s.normal(70*8)
	for i := range q {
		q[i] *= 1024
	}
	whole := s.compute(p, s.zeros(p), [][]float64{q, k, v})
	for i := first * 8; i < len(k); i++ {
		k[i], v[i] = 0x1p100, math.NaN()
	}
	got := s.compute(p, s.zeros(p), [][]float64{q, k, v})
	for i := range first * 8 {
		if got[0][i] != whole[0][i] || math.IsNaN(got[0][i]) {
			s.Fatalf("element %d is %v, and %v where later positions have other numbers", i, whole[0][i], got[0][i])
		}
	}
}

// headsOf reads and writes the rows of an operand's heads, part of parts that are packed together.
type headsOf struct {
	kernels.Attention
	data        []float64
	rows, width int
	part, parts int
}

func (h headsOf) at(b, head, row, col int) int {
	if h.Packed {
		return (((b*h.rows+row)*h.parts+h.part)*h.Heads+head)*h.width + col
	}
	return ((b*h.Heads+head)*h.rows+row)*h.width + col
}

// refHeads finds q, k, v and what has o's shape among operands.
func refHeads(p kernels.Attention, qkv [][]float64, o []float64) (q, k, v, out headsOf) {
	part := func(i, rows, width int) headsOf {
		h := headsOf{Attention: p, rows: rows, width: width, part: i, parts: 3}
		if p.Packed {
			h.data = qkv[0]
		} else {
			h.data = qkv[i]
		}
		return h
	}
	return part(0, p.Queries, p.Width), part(1, p.Keys, p.Width), part(2, p.Keys, p.Values),
		headsOf{Attention: p, data: o, rows: p.Queries, width: p.Values, parts: 1}
}

// refScores is the scores of one query with the keys that it sees, and the largest sum of their terms' absolute values: exp turns the error of a
// score into a share of p.
func refScores(p kernels.Attention, q, k headsOf, b, h, i int) (s []float64, terms float64) {
	seen := p.Keys
	if p.Causal {
		seen = i + 1
	}
	s = make([]float64, seen)
	for j := range s {
		sum := 0.0
		for c := range p.Width {
			t := p.Scale * q.data[q.at(b, h, i, c)] * k.data[k.at(b, h, j, c)]
			s[j] += t
			sum += math.Abs(t)
		}
		terms = max(terms, sum)
	}
	return s, terms
}

func refAttention(p kernels.Attention, out, scale, in [][]float64) {
	q, k, v, o := refHeads(p, in, out[0])
	for r := range p.Batch * p.Heads * p.Queries {
		b, h, i := r/p.Queries/p.Heads, r/p.Queries%p.Heads, r%p.Queries
		s, terms := refScores(p, q, k, b, h, i)
		m, sum := rowSum(s)
		out[1][r] = m + math.Log(sum)
		scale[1][r] = 1 + terms + math.Abs(out[1][r])
		for c := range p.Values {
			at := o.at(b, h, i, c)
			for j := range s {
				t := math.Exp(s[j]-m) / sum * v.data[v.at(b, h, j, c)]
				out[0][at] += t
				scale[0][at] += math.Abs(t) * (1 + 2*terms)
			}
		}
	}
}

func refAttentionGradient(p kernels.Attention, out, scale, in [][]float64) {
	n := len(in) - 3
	q, k, v, o := refHeads(p, in[:n], in[n])
	dq, dk, dv, g := refHeads(p, out, in[n+1])
	eq, ek, ev, _ := refHeads(p, scale, nil)
	for r := range p.Batch * p.Heads * p.Queries {
		b, h, i := r/p.Queries/p.Heads, r/p.Queries%p.Heads, r%p.Queries
		s, terms := refScores(p, q, k, b, h, i)
		l := in[n+2][r]
		terms = 1 + 2*(terms+math.Abs(l))
		for j := range s {
			weight, slope, most := math.Exp(s[j]-l), 0.0, 0.0
			for c := range p.Values {
				x, y, z := g.data[g.at(b, h, i, c)], v.data[v.at(b, h, j, c)], o.data[o.at(b, h, i, c)]
				slope += x * (y - z)
				most += math.Abs(x) * (math.Abs(y) + math.Abs(z))
				at := dv.at(b, h, j, c)
				dv.data[at] += weight * x
				ev.data[at] += math.Abs(weight*x) * terms
			}
			for c := range p.Width {
				x, y := dq.at(b, h, i, c), dk.at(b, h, j, c)
				tq, tk := p.Scale*weight*k.data[k.at(b, h, j, c)], p.Scale*weight*q.data[q.at(b, h, i, c)]
				dq.data[x] += tq * slope
				eq.data[x] += math.Abs(tq) * most * terms
				dk.data[y] += tk * slope
				ek.data[y] += math.Abs(tk) * most * terms
			}
		}
	}
}

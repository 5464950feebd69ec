package kerneltest

import (
	"math"

	"drift/kernels"
)

// testAttentionHVP compares with the definitions, given the exact o and l, rounded.
func testAttentionHVP(s *suite) {
	for _, p := range attentions {
		_, sizes, _ := p.Operands()
		var in, along [][]float64
		for _, n := range sizes {
			in, along = append(in, s.normal(n)), append(along, s.normal(n))
		}
		made := s.given(p, in)
		units := float64(16 + 2*p.Width + p.Values + p.Keys + p.Queries)
		s.check(kernels.AttentionTangent(p), units, join(in, made[1:], along)...)
		s.check(kernels.AttentionHVP(p), units, join(in, made[:1], [][]float64{s.normal(len(made[0]))}, made[1:], along)...)
	}
}

// testAttentionHVPSees: what a causal query does not see changes nothing, and large scores do not overflow.
func testAttentionHVPSees(s *suite) {
	p := kernels.Attention{Batch: 1, Heads: 1, Queries: 70, Keys: 70, Width: 8, Values: 8, Scale: 1, Causal: true}
	const first = 64 // a block of its own on every device
	in := [][]float64{s.normal(70 * 8), s.normal(70 * 8), s.normal(70 * 8)}
	for i := range in[0] {
		in[0][i] *= 1024
	}
	made := s.given(p, in)
	along := [][]float64{s.normal(70 * 8), s.normal(70 * 8), s.normal(70 * 8)}
	g := s.normal(70 * 8)
	results := func() [2][]float64 {
		hvp := s.compute(kernels.AttentionHVP(p), s.zeros(kernels.AttentionHVP(p)), join(in, made[:1], [][]float64{g}, made[1:], along))
		tangent := s.compute(kernels.AttentionTangent(p), s.zeros(kernels.AttentionTangent(p)), join(in, made[1:], along))
		return [2][]float64{append(append([]float64(nil), hvp[0][:first*8]...), hvp[3][:first*8]...), tangent[0][:first*8]}
	}
	whole := results()
	for _, x := range [][]float64{in[1], in[2], along[1], along[2]} {
		for i := first * 8; i < len(x); i++ {
			x[i] = 0x1p10 * float64(i)
		}
	}
	for k, got := range results() {
		for i, v := range got {
			if want := whole[k][i]; v != want || math.IsNaN(v) {
				s.Fatalf("element %d is %v, and %v where later positions have other numbers", i, want, v)
			}
		}
	}
}

func join(lists ...[][]float64) (all [][]float64) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// sized is a number with the sum of its terms' absolute values.
type sized struct{ x, size float64 }

func (a *sized) add(x, size float64) { a.x, a.size = a.x+x, a.size+math.Abs(size) }

// secondRow is one query's part in the derivatives of second order.
type secondRow struct {
	p, dp, d, t []sized
}

// secondOperands are q, k, v and what has o's shape, and the same of what is given for them, with ō nil in a tangent.
type secondOperands struct{ q, k, v, o, dq, dk, dv, g headsOf }

// refSecondRow works with l as it is given. Sizes of p carry what exp makes of the error of a score.
func refSecondRow(p kernels.Attention, x secondOperands, l float64, b, h, i int) (row secondRow) {
	s, terms := refScores(p, x.q, x.k, b, h, i)
	terms = 1 + 2*(terms+math.Abs(l))
	n := len(s)
	row = secondRow{make([]sized, n), make([]sized, n), make([]sized, n), make([]sized, n)}
	var mean, dot, change sized
	f := make([]sized, n)
	for j := range s {
		w := math.Exp(s[j] - l)
		row.p[j] = sized{w, w * terms}
		for c := range p.Width {
			u, v := x.dq.data[x.dq.at(b, h, i, c)]*x.k.data[x.k.at(b, h, j, c)], x.q.data[x.q.at(b, h, i, c)]*x.dk.data[x.dk.at(b, h, j, c)]
			row.dp[j].add(p.Scale*(u+v), p.Scale*(math.Abs(u)+math.Abs(v)))
		}
		mean.add(w*row.dp[j].x, w*row.dp[j].size)
		for c := range p.Values {
			if x.g.data == nil {
				break
			}
			g := x.g.data[x.g.at(b, h, i, c)]
			v, dv := g*x.v.data[x.v.at(b, h, j, c)], g*x.dv.data[x.dv.at(b, h, j, c)]
			row.d[j].add(v, v)
			f[j].add(dv, dv)
		}
		dot.add(w*row.d[j].x, w*row.d[j].size)
	}
	for j, w := range row.p {
		row.dp[j] = sized{w.x * (row.dp[j].x - mean.x), w.size * (row.dp[j].size + mean.size)}
		row.d[j] = sized{row.d[j].x - dot.x, row.d[j].size + dot.size}
		row.t[j] = sized{row.dp[j].x*row.d[j].x + w.x*f[j].x, row.dp[j].size*row.d[j].size + w.size*f[j].size}
		change.add(row.t[j].x, row.t[j].size)
	}
	for j, w := range row.p {
		row.t[j].add(-w.x*change.x, w.size*change.size)
		row.d[j] = sized{w.x * row.d[j].x, w.size * row.d[j].size}
	}
	return row
}

// refAttentionHVP is the results for keys and queries, which a tangent has none of, and ȯ.
func refAttentionHVP(p kernels.Attention, tangent bool, out, scale, in [][]float64) {
	parts := (len(in) - 3) / 2
	if tangent {
		parts = (len(in) - 1) / 2
	}
	var x secondOperands
	var g, l []float64
	if l = in[parts]; !tangent {
		g, l = in[parts+1], in[parts+2]
	}
	x.q, x.k, x.v, x.o = refHeads(p, in[:parts], nil)
	x.dq, x.dk, x.dv, x.g = refHeads(p, in[len(in)-parts:], g)
	last := len(out) - 1
	x.o.data = out[last]
	sizes := headsOf{p, scale[last], p.Queries, p.Values, 0, 1}
	for r := range p.Batch * p.Heads * p.Queries {
		b, h, i := r/p.Queries/p.Heads, r/p.Queries%p.Heads, r%p.Queries
		row := refSecondRow(p, x, l[r], b, h, i)
		for j, w := range row.p {
			for c := range p.Values {
				at, v, dv := x.o.at(b, h, i, c), x.v.data[x.v.at(b, h, j, c)], x.dv.data[x.dv.at(b, h, j, c)]
				x.o.data[at] += row.dp[j].x*v + w.x*dv
				sizes.data[at] += row.dp[j].size*math.Abs(v) + w.size*math.Abs(dv)
			}
		}
		if !tangent {
			refSecondSums(p, x, row, out[:last], scale[:last], b, h, i)
		}
	}
}

// refSecondSums adds a query's part to the results for queries, keys and values.
func refSecondSums(p kernels.Attention, x secondOperands, row secondRow, out, scale [][]float64, b, h, i int) {
	q, k, v, _ := refHeads(p, out, nil)
	eq, ek, ev, _ := refHeads(p, scale, nil)
	add := func(to, size headsOf, row int, c int, w sized, from headsOf, at int, factor float64) {
		y := factor * from.data[from.at(b, h, at, c)]
		k := to.at(b, h, row, c)
		to.data[k] += w.x * y
		size.data[k] += w.size * math.Abs(y)
	}
	for j := range row.p {
		for c := range p.Width {
			add(q, eq, i, c, row.t[j], x.k, j, p.Scale)
			add(q, eq, i, c, row.d[j], x.dk, j, p.Scale)
			add(k, ek, j, c, row.t[j], x.q, i, p.Scale)
			add(k, ek, j, c, row.d[j], x.dq, i, p.Scale)
		}
		for c := range p.Values {
			add(v, ev, j, c, row.dp[j], x.g, i, 1)
		}
	}
}

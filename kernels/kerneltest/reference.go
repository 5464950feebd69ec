package kerneltest

import (
	"math"

	"drift/kernels"
)

// reference computes op in float64. scale is, element by element, the sum of the absolute values of the terms, nil for
// primitives that only move numbers.
func reference(op kernels.Primitive, in [][]float64) (out, scale [][]float64) {
	sizes, _, _ := op.Operands()
	for _, n := range sizes {
		out = append(out, make([]float64, n))
		scale = append(scale, make([]float64, n))
	}
	switch p := op.(type) {
	case kernels.Map:
		refMap(p, out, scale, in)
	case kernels.Rowwise:
		refSteps(p.Steps, len(p.Local), out, scale, in)
	case kernels.Columnwise:
		refSteps(p.Steps, 0, out, scale, in)
	case kernels.Reduce:
		refReduce(p, out, scale, in)
	case kernels.Gemm:
		refGemm(p, out[0], scale[0], in[0], in[1])
	case kernels.Product:
		refProduct(p, out, scale, in)
	case kernels.Convolved:
		refConvolved(p, out[0], scale[0], in)
	case kernels.Conv, kernels.ConvInput, kernels.ConvWeight:
		refConv(op, out[0], scale[0], in[0], in[1])
	case kernels.ConvSum:
		for k, term := range p.Terms() {
			refConv(term, out[0], scale[0], in[2*k], in[2*k+1])
		}
	case kernels.Attention:
		refAttention(p, out, scale, in)
	case kernels.AttentionGradient:
		refAttentionGradient(kernels.Attention(p), out, scale, in)
	case kernels.AttentionTangent:
		refAttentionHVP(kernels.Attention(p), true, out, scale, in)
	case kernels.AttentionHVP:
		refAttentionHVP(kernels.Attention(p), false, out, scale, in)
	case kernels.Softmax:
		refSoftmax(p, out[0], scale[0], in[0])
	case kernels.CrossEntropy:
		refCrossEntropy(p, out[0], scale[0], in[0], in[1])
	case kernels.Scatter:
		refScatter(p, out[0], scale[0], in[0], in[1])
	case kernels.Copies:
		for k := range out {
			copy(out[k], in[k])
			scale[k] = nil
		}
	case kernels.Col2Im:
		refCol2Im(p, out[0], scale[0], in[0])
	case kernels.WindowGram:
		eachPair(p.Window, func(k, g int) { add(out[0], scale[0], k, in[0][g]) })
	case kernels.PixelGram:
		eachPair(p.Window, func(k, g int) { add(out[0], scale[0], g, in[0][k]) })
	case kernels.MaxScatter:
		refMaxScatter(p, out[0], scale[0], in[0], in[1])
	case kernels.AvgPool:
		refAvgPool(p, out[0], scale[0], in[0])
	case kernels.AvgUnpool:
		refAvgUnpool(p, out[0], scale[0], in[0])
	default:
		refMove(op, out[0], in)
		scale[0] = nil
	}
	return out, scale
}

// refMove is the primitives that select, count and move.
func refMove(op kernels.Primitive, out []float64, in [][]float64) {
	switch p := op.(type) {
	case kernels.Correct:
		for r := range p.Rows {
			best, nan := 0, false
			for c, v := range in[0][r*p.Cols : (r+1)*p.Cols] {
				nan = nan || math.IsNaN(v)
				if v > in[0][r*p.Cols+best] {
					best = c
				}
			}
			if p.Cols > 0 && !nan && in[1][r] == float64(best) {
				out[r] = 1
			}
		}
	case kernels.Pick:
		for r := range p.Rows {
			out[r] = at(in[0][r*p.Cols:(r+1)*p.Cols], in[1][r])
		}
	case kernels.Place:
		for r := range p.Rows {
			for c := range p.Cols {
				if in[1][r] == float64(c) {
					out[r*p.Cols+c] = in[0][r]
				}
			}
		}
	case kernels.Gather:
		for i := range out {
			out[i] = at(in[0], in[1][i/p.Width]*float64(p.Width)+float64(i%p.Width))
		}
	case kernels.Unpack:
		refUnpack(p, out, in)
	case kernels.Cast:
		for i, v := range in[0] {
			out[i] = -1
			if v >= 0 && v < 1<<31 {
				out[i] = math.Trunc(v)
			}
		}
	case kernels.Number:
		copy(out, in[0])
	case kernels.Known:
		for i, v := range in[0] {
			out[i] = max(v, 0)
		}
	case kernels.Uniform:
		refUniform(p, out, in[0], in[1])
	case kernels.Permute:
		refPermute(p, out, in[0])
	case kernels.Slice:
		refSlice(p, out, in[0], false)
	case kernels.Pad:
		refSlice(kernels.Slice(p), in[0], out, true)
	case kernels.Im2Col:
		eachTap(p.Window, func(u, x int) { out[u] = in[0][x] })
	case kernels.MaxIndex:
		refMaxIndex(p, out, in[0])
	case kernels.MaxGather:
		eachWindow(p.Window, func(t, place, pixel int) {
			if in[1][t] == float64(place) {
				out[t] = in[0][pixel]
			}
		})
	}
}

// at is x[i], NaN where there is no such element.
func at(x []float64, i float64) float64 {
	if i >= 0 && i < float64(len(x)) {
		return x[int(i)]
	}
	return math.NaN()
}

func refPermute(p kernels.Permute, out, x []float64) {
	for i := range x {
		var place [6]int // of element i in x
		for k, rest := p.Rank-1, i; k >= 0; k-- {
			place[k], rest = rest%p.Shape[k], rest/p.Shape[k]
		}
		to := 0
		for _, k := range p.Perm[:p.Rank] {
			to = to*p.Shape[k] + place[k]
		}
		out[to] = x[i]
	}
}

// refSlice copies between a part and its whole, in either direction.
func refSlice(p kernels.Slice, part, whole []float64, toWhole bool) {
	width := p.To - p.From
	for i := range part {
		a, b, c := i/(width*p.C), i/p.C%width, i%p.C
		k := (a*p.B+p.From+b)*p.C + c
		if toWhole {
			whole[k] = part[i]
		} else {
			part[i] = whole[k]
		}
	}
}

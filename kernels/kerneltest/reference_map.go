package kerneltest

import (
	"math"

	"drift/kernels"
)

// refMap has as scale a running bound of the rounding error, in units of one half ulp of 1.
func refMap(p kernels.Map, out, scale, in [][]float64) {
	var c refChain
	for i := range p.N {
		values, errors := c.eval(p, i, in)
		for o, r := range p.Results {
			out[o][i], scale[o][i] = values[r], errors[r]
		}
	}
}

// refChain evaluates a Map one index at a time.
type refChain struct{ values, errors []float64 }

// eval is all values of index i with bounds of their errors.
func (r *refChain) eval(p kernels.Map, i int, in [][]float64) (values, errors []float64) {
	values, errors = r.values[:0], r.errors[:0]
	for k, a := range p.Access {
		values, errors = append(values, in[k][a.Element(i)]), append(errors, 0)
	}
	for _, c := range p.Code {
		var x, y, ex, ey float64
		if c.Fn.Arity() > 0 {
			x, ex = values[c.X], errors[c.X]
		}
		if c.Fn.Arity() > 1 {
			y, ey = values[c.Y], errors[c.Y]
		}
		v := c.Fn.Eval(x, y, c.Imm)
		values, errors = append(values, v), append(errors, errorBound(c, x, y, v, ex, ey))
	}
	r.values, r.errors = values, errors
	return values, errors
}

// errorBound carries the errors ex and ey of the operands through v = f(x, y) to first order and adds f's own.
func errorBound(c kernels.Instr, x, y, v, ex, ey float64) float64 {
	own := ulps(c.Fn, x, y) * math.Abs(v)
	if ulps(c.Fn, x, y) > 2 {
		own += 0x1p-100 // results below the smallest normal number may be flushed to zero
	}
	switch c.Fn {
	case kernels.FnConst, kernels.FnStep, kernels.FnGreater, kernels.FnSign, kernels.FnFloor, kernels.FnCeil:
		return own
	case kernels.FnScale:
		return own + math.Abs(c.Imm)*ex
	case kernels.FnMul:
		return own + math.Abs(x)*ey + math.Abs(y)*ex
	case kernels.FnSquare:
		return own + 2*math.Abs(x)*ex
	case kernels.FnDiv:
		return own + (ex+math.Abs(v)*ey)/math.Abs(y)
	case kernels.FnSqrt, kernels.FnRsqrt, kernels.FnRecip, kernels.FnExp, kernels.FnLog, kernels.FnPow:
		if ex == 0 && ey == 0 {
			return own
		}
		return math.Inf(1) // no bound: chains that are compared do not have these in the middle
	}
	return own + ex + ey // functions of slope at most one
}

// ulps is how far a function may be off, in half ulps of its result.
func ulps(f kernels.Fn, x, y float64) float64 {
	switch f {
	case kernels.FnConst, kernels.FnCopy, kernels.FnAbs, kernels.FnSign, kernels.FnRelu, kernels.FnStep, kernels.FnMax,
		kernels.FnMin, kernels.FnGreater, kernels.FnFloor, kernels.FnCeil:
		return 0
	case kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnScale, kernels.FnAddConst, kernels.FnSquare,
		kernels.FnDiv, kernels.FnSqrt, kernels.FnRecip:
		return 2
	case kernels.FnNormPDF, kernels.FnNormCDF:
		return 16 + 2*x*x // x² is rounded before the exponential
	case kernels.FnPow:
		if v := math.Abs(y); v < 0x1p60 {
			return 18 + 2*v // package math squares x as often as y has bits, and each square doubles the error
		}
	}
	return 8
}

// refReduce stores the further results beside the sums.
func refReduce(p kernels.Reduce, out, scale, in [][]float64) {
	sums, bounds := out[0], scale[0]
	for i := range sums {
		if p.Max {
			sums[i] = math.Inf(-1)
		}
	}
	var c refChain
	for i := range p.Map.N {
		values, errors := c.eval(p.Map, i, in)
		for o, r := range p.Map.Results[1:] {
			out[1+o][i], scale[1+o][i] = values[r], errors[r]
		}
		r := p.Map.Results[0]
		to := i/(p.B*p.C)*p.C + i%p.C
		if p.Max {
			sums[to], bounds[to] = max(sums[to], values[r]), max(bounds[to], errors[r])
			continue
		}
		sums[to] += values[r]
		bounds[to] += math.Abs(values[r]) + errors[r]
	}
}

package emit

import "drift/kernels"

// apply writes one function of one element; the result may be an operand itself.
func (w *writer) apply(i kernels.Instr, x, y string) string {
	t := w.t()
	one, zero := w.number(1), w.number(0)
	switch i.Fn {
	case kernels.FnConst:
		return w.to(value, "mov."+t, w.number(i.Imm))
	case kernels.FnCopy:
		return x
	case kernels.FnAddConst:
		return w.to(value, "add.rn."+t, x, w.number(i.Imm))
	case kernels.FnScale:
		return w.to(value, "mul.rn."+t, x, w.number(i.Imm))
	case kernels.FnAbs:
		return w.to(value, "abs."+t, x)
	case kernels.FnSign:
		negative := w.choose("setp.lt", x, zero, w.number(-1), x)
		return w.choose("setp.gt", x, zero, one, negative)
	case kernels.FnSquare:
		return w.to(value, "mul.rn."+t, x, x)
	case kernels.FnSqrt:
		return w.to(value, "sqrt.rn."+t, x)
	case kernels.FnRsqrt:
		return w.to(value, "rcp.rn."+t, w.to(value, "sqrt.rn."+t, x))
	case kernels.FnRecip:
		return w.to(value, "rcp.rn."+t, x)
	case kernels.FnRelu:
		return w.choose("setp.lt", x, zero, zero, x)
	case kernels.FnStep:
		return w.choose("setp.gt", x, zero, one, zero)
	case kernels.FnFloor:
		return w.to(value, "cvt.rmi."+t+"."+t, x)
	case kernels.FnCeil:
		return w.to(value, "cvt.rpi."+t+"."+t, x)
	case kernels.FnAdd:
		return w.to(value, "add.rn."+t, x, y)
	case kernels.FnSub:
		return w.to(value, "sub.rn."+t, x, y)
	case kernels.FnMul:
		return w.to(value, "mul.rn."+t, x, y)
	case kernels.FnDiv:
		return w.to(value, "div.rn."+t, x, y)
	case kernels.FnMax:
		return w.extreme("max", "setp.gt", x, y)
	case kernels.FnMin:
		return w.extreme("min", "setp.lt", x, y)
	case kernels.FnGreater:
		return w.choose("setp.gt", x, y, one, zero)
	case kernels.FnPow:
		return w.call(i.Fn.String(), x, y)
	}
	return w.call(i.Fn.String(), x)
}

// choose is one number where a comparison of x and y holds, and another where it does not.
func (w *writer) choose(comparison, x, y, where, otherwise string) string {
	q := w.to(predicate, comparison+"."+w.t(), x, y)
	return w.to(value, "selp."+w.t(), where, otherwise, q)
}

// extreme is the larger or the smaller of two, NaN where either is.
func (w *writer) extreme(which, comparison, x, y string) string {
	if w.dt == kernels.Float32 {
		return w.to(value, which+".NaN.f32", x, y)
	}
	q := w.to(predicate, comparison+".f64", x, y)
	q = w.to(predicate, "setp.nan.or.f64", x, x, q)
	return w.to(value, "selp.f64", x, y, q)
}

// cost is the instructions of a chain at one index, about.
func (w *writer) cost(m kernels.Map) int {
	n := len(m.Access) + len(m.Results)
	for _, i := range m.Code {
		n++
		if f := library().byName[i.Fn.String()+"_"+w.t()]; f != nil {
			n += len(f.lines)
		}
	}
	return n
}

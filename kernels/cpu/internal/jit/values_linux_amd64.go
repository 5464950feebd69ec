package jit

import "drift/kernels"

// known reports a function that there is code for.
func known(f kernels.Fn) bool {
	switch f {
	case kernels.FnConst, kernels.FnCopy, kernels.FnAddConst, kernels.FnScale, kernels.FnAbs, kernels.FnSquare, kernels.FnSqrt, kernels.FnRsqrt,
		kernels.FnRecip, kernels.FnRelu, kernels.FnStep, kernels.FnAdd, kernels.FnSub, kernels.FnMul, kernels.FnDiv, kernels.FnMax, kernels.FnMin,
		kernels.FnGreater, kernels.FnExp, kernels.FnTanh, kernels.FnSigmoid, kernels.FnNormCDF, kernels.FnNormPDF:
		return true
	}
	return false
}

// Opcodes of arithmetic, and the comparisons of package vmath.
const (
	sqrtCode, andNotCode, addCode, mulCode, subCode, minCode, divCode, maxCode = 0x51, 0x55, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f

	moveCode, storeCode, compareCode = 0x10, 0x11, 0xc2
	unordered, greater               = 0x03, 0x1e
)

// value writes dst = Fn(x, y); dst is none of the operands.
func (c *compiler) value(i kernels.Instr, dst, x, y int) {
	with := func(code byte) func(int) { return func(v int) { c.op(c.arithmetic(code), dst, x, v) } }
	switch i.Fn {
	case kernels.FnConst:
		c.constant(i.Imm, func(v int) { c.unary(c.arithmetic(moveCode), dst, v) })
	case kernels.FnCopy:
		c.unary(c.arithmetic(moveCode), dst, x)
	case kernels.FnAddConst:
		c.constant(i.Imm, with(addCode))
	case kernels.FnScale:
		c.constant(i.Imm, with(mulCode))
	case kernels.FnAbs:
		c.pattern(1<<pick(c.f64, 63, 31), func(v int) { c.op(c.arithmetic(andNotCode), dst, v, x) })
	case kernels.FnSquare:
		c.op(c.arithmetic(mulCode), dst, x, x)
	case kernels.FnSqrt:
		c.unary(c.arithmetic(sqrtCode), dst, x)
	case kernels.FnRsqrt:
		c.unary(c.arithmetic(sqrtCode), dst, x)
		c.constant(1, func(v int) { c.op(c.arithmetic(divCode), dst, v, dst) })
	case kernels.FnRecip:
		c.constant(1, func(v int) { c.op(c.arithmetic(divCode), dst, v, x) })
	case kernels.FnRelu:
		c.constant(0, func(v int) { c.op(c.arithmetic(maxCode), dst, v, x) })
	case kernels.FnStep:
		c.constant(0, func(v int) { c.indicator(c, dst, x, v) })
	case kernels.FnGreater:
		c.indicator(c, dst, x, y)
	case kernels.FnAdd:
		with(addCode)(y)
	case kernels.FnSub:
		with(subCode)(y)
	case kernels.FnMul:
		with(mulCode)(y)
	case kernels.FnDiv:
		with(divCode)(y)
	case kernels.FnMax:
		c.extreme(maxCode, dst, x, y)
	case kernels.FnMin:
		c.extreme(minCode, dst, x, y)
	case kernels.FnExp:
		c.exp(dst, x)
	case kernels.FnTanh:
		c.tanh(dst, x)
	case kernels.FnSigmoid:
		c.sigmoid(dst, x)
	case kernels.FnNormPDF:
		c.normPDF(dst, x)
	case kernels.FnNormCDF:
		c.normCDF(dst, x)
	}
}

// extreme is the larger or smaller, x where that is NaN; the instruction itself gives y where one is NaN.
func (c *compiler) extreme(code byte, dst, x, y int) {
	c.where(c, unordered, x, x, func(mask int) {
		c.op(c.arithmetic(code), dst, x, y)
		c.choose(dst, mask, x)
	})
}

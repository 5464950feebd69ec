package kernels

// Allocate makes a call of op with new operands of zeros on a device; free gives them back.
func Allocate(dev Device, dt DType, op Primitive) (c Call, free func(), err error) {
	c.Op = op
	free = func() {
		for _, list := range [][]Buffer{c.Out, c.In} {
			for _, b := range list {
				b.Free()
			}
		}
	}
	out, in, err := op.Operands()
	if err != nil {
		return c, free, err
	}
	for i, sizes := range [][]int{out, in} {
		for k, n := range sizes {
			own := dt
			if IsIndex(op, i == 0, k) {
				own = Int32
			} else if IsBytes(op, i == 0, k) {
				own = Uint8
			}
			b, err := dev.NewBuffer(own, n)
			if err != nil {
				free()
				return Call{}, func() {}, err
			}
			if i == 0 {
				c.Out = append(c.Out, b)
			} else {
				c.In = append(c.In, b)
			}
		}
	}
	return c, free, nil
}

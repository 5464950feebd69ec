package jit

func (c *compiler) clearSums() {
	for _, s := range c.sums {
		c.assembler.clear(s)
	}
}

// flush adds up the running sums and all their lanes, and adds the result to the total in float64.
func (c *compiler) flush() {
	add := func(length byte, x, y int) { c.evex(c.arithmetic(addCode), length, masked{}, x, x, y) }
	for half := running / 2; half > 0; half /= 2 {
		for k := range half {
			add(v512, c.sums[k], c.sums[k+half])
		}
	}
	s, t := c.sums[0], c.sums[1]
	c.evex(operation{1, table0F3A, 0x1b, true}, v512, masked{}, s, 0, t) // the upper four words of 64 bits
	c.withByte(1)
	add(v256, s, t)
	c.evex(operation{1, table0F3A, 0x19, true}, v256, masked{}, s, 0, t) // the upper two
	c.withByte(1)
	add(v128, s, t)
	c.evex(operation{1, table0F3A, 0x05, true}, v128, masked{}, t, 0, s)
	c.withByte(1)
	add(v128, s, t)
	if !c.f64 {
		c.evex(operation{1, table0F3A, 0x04, false}, v128, masked{}, t, 0, s)
		c.withByte(1)
		add(v128, s, t)
		c.evex(operation{2, table0F, 0x5a, false}, v128, masked{}, s, s, s) // VCVTSS2SD
	}
	c.evex(operation{3, table0F, addCode, true}, v128, masked{}, c.total, c.total, s) // VADDSD
}

// finishSum stores a group's sum.
func (c *compiler) finishSum() {
	if c.Sum < 0 {
		return
	}
	if c.Rows == 1 || !c.everyRow() {
		c.flush()
	}
	at := address{c.operand(c.words() - 1), -1, 0}
	if c.f64 || c.Wide {
		c.evexMem(operation{3, table0F, 0x11, true}, v128, masked{}, c.total, 0, at) // VMOVSD
		return
	}
	c.evex(operation{3, table0F, 0x5a, true}, v128, masked{}, c.total, c.total, c.total) // VCVTSD2SS
	c.evexMem(operation{2, table0F, 0x11, false}, v128, masked{}, c.total, 0, at)        // VMOVSS
}

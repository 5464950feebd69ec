package jit

// clearSums begins running sums.
func (c *compiler) clearSums() {
	for _, s := range c.sums {
		c.change(s, false, c.clear)
	}
}

// addUp adds a vector to the running sum that its number in the row says.
func (c *compiler) addUp(u, v int, tail bool) {
	c.change(c.sums[u%running], true, func(s int) {
		if tail {
			c.addTail(c, s, v)
		} else {
			c.op(c.arithmetic(addCode), s, s, v)
		}
	})
}

// flush adds up the running sums and all their lanes, and adds the result to the total in float64.
func (c *compiler) flush() {
	add := func(x, y int) { c.op(c.arithmetic(addCode), x, x, y) }
	c.inRegisters(c.sums, func(sums []int) {
		for half := running / 2; half > 0; half /= 2 {
			for k := range half {
				add(sums[k], sums[k+half])
			}
		}
		s, t := sums[0], sums[1]
		c.fold(s, t)
		c.addNeighbours(operation{1, table0F3A, 0x05, true}, s, t)
		if !c.f64 {
			c.addNeighbours(operation{1, table0F3A, 0x04, false}, s, t)
			c.narrow(operation{2, table0F, 0x5a, false}, s, s, s) // VCVTSS2SD
		}
		c.change(c.total, true, func(total int) { c.narrow(operation{3, table0F, addCode, true}, total, total, s) }) // VADDSD
	})
}

// addNeighbours adds what an exchange of neighbours gives.
func (c *compiler) addNeighbours(exchange operation, s, t int) {
	c.narrow(exchange, t, 0, s)
	c.withByte(1)
	c.narrow(c.arithmetic(addCode), s, s, t)
}

// finishSum stores a group's sum.
func (c *compiler) finishSum() {
	if c.Sum < 0 {
		return
	}
	if c.Rows == 1 || !c.everyRow() {
		c.flush()
	}
	at := c.operandAt(c.words()-1, -1, 0)
	c.inRegisters([]kept{c.total}, func(total []int) {
		t := total[0]
		if c.f64 || c.Wide {
			c.narrowAt(operation{3, table0F, storeCode, true}, t, 0, at) // VMOVSD
			return
		}
		c.narrow(operation{3, table0F, 0x5a, true}, t, t, t)          // VCVTSD2SS
		c.narrowAt(operation{2, table0F, storeCode, false}, t, 0, at) // VMOVSS
	})
}

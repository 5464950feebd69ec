package jit

import "slices"

// layout says what has registers for good: the first constants, and as much as possible of what is kept from vector to vector. What is away from
// them is in cells of the table, whole vectors, and spill lets values of a vector go there too.
type layout struct {
	hold                int
	sumsAway, totalAway bool
	uniforms            int // uniform values that are away, those first that are read the least
	spill               bool
}

// layouts are those that a program may have, from the one that uses the most registers on.
func (c *compiler) layouts() []layout {
	all := []layout{{hold: mostHeld}, {}}
	if c.slot() < c.bytes() {
		return all // the table has no room for vectors
	}
	next := layout{}
	if c.Sum >= 0 {
		next.totalAway = true
		all = append(all, next)
		next.sumsAway = true
		all = append(all, next)
	}
	for range c.uniformValues() {
		next.uniforms++
		all = append(all, next)
	}
	next.spill = true
	return append(all, next)
}

// uniformValues are those that are read in bodies, from the least read on.
func (c *compiler) uniformValues() (all []int) {
	for v, n := range c.inBody {
		if n > 0 && !c.vector[v] {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(v, w int) int { return c.inBody[v] - c.inBody[w] })
	return all
}

// allocation is where values are while code is written.
type allocation struct {
	register []int  // of each value, −1 for none
	cell     []int  // of each value, −1 for none
	away     []bool // uniform values that are in cells, or else in their operands, when a body begins
	left     []int  // reads that are still to come
	free     []int  // vector registers
	cells    int    // in all
	unused   []int  // cells
	pinned   []int  // values that must stay in registers
	inLoop   bool   // in a body, else before
	at       int    // the instruction that is written
	offset   int    // of the current vector of a row
	tail     bool
	failed   bool // for lack of registers
}

func (c *compiler) allocate(values int) {
	c.allocation = allocation{register: slices.Repeat([]int{-1}, values), cell: slices.Repeat([]int{-1}, values), away: make([]bool, values),
		left: make([]int, values)}
	for v := c.count() - 1; v >= 0; v-- {
		c.free = append(c.free, v)
	}
	for _, v := range c.uniformValues()[:c.uniforms] {
		c.away[v] = true
	}
}

// take is a vector register that is free, or is made so.
func (c *compiler) take() int {
	if len(c.free) == 0 {
		c.evict()
	}
	if len(c.free) == 0 {
		c.failed = true
		return 0
	}
	v := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	return v
}

func (c *compiler) release(v int) { c.free = append(c.free, v) }

// temporary calls f with vector registers for its own use.
func (c *compiler) temporary(n int, f func(r []int)) {
	r := make([]int, n)
	for k := range r {
		r[k] = c.take()
	}
	f(r)
	for _, v := range r {
		c.release(v)
	}
}

// evict frees the register of the value that is read again last, of those the one that need not be stored.
func (c *compiler) evict() {
	victim, latest := -1, -1
	for v, r := range c.register {
		if r < 0 || !c.spill || !c.leaves(v) || slices.Contains(c.pinned, v) {
			continue
		}
		next := 2 * c.nextRead(v)
		if c.restorable(v) {
			next++
		}
		if next > latest {
			victim, latest = v, next
		}
	}
	if victim < 0 {
		return
	}
	c.save(victim)
	c.release(c.register[victim])
	c.register[victim] = -1
}

// leaves reports a value whose register is not for good.
func (c *compiler) leaves(v int) bool {
	if c.inLoop {
		return c.vector[v] || c.away[v]
	}
	return c.inBody[v] == 0 || c.away[v]
}

// restorable reports a value that is in memory too.
func (c *compiler) restorable(v int) bool {
	return c.cell[v] >= 0 || v < len(c.Inputs) && !c.InPlace
}

// save puts a value into a cell, if it is not in memory already.
func (c *compiler) save(v int) {
	if !c.restorable(v) {
		c.cell[v] = c.takeCell()
		c.store(c.register[v], c.cellAt(c.cell[v]), false)
	}
}

// nextRead is the next instruction that reads a value, the number of all for what is done behind them.
func (c *compiler) nextRead(v int) int {
	for k := c.at + 1; k < len(c.Code); k++ {
		n := len(c.Inputs) + k
		if c.vector[n] == c.inLoop && c.reads[n] > 0 && slices.Contains(operands(c.Code[k]), uint8(v)) {
			return k
		}
	}
	return len(c.Code)
}

// need is the register of a value, which comes back from memory if it has none.
func (c *compiler) need(v int) int {
	if c.register[v] >= 0 {
		return c.register[v]
	}
	r := c.take()
	c.register[v] = r
	switch {
	case c.cell[v] >= 0:
		c.load(r, c.cellAt(c.cell[v]), false)
	case c.vector[v]:
		c.load(r, c.element(v), c.tail)
	default:
		c.broadcast(r, c.operandAt(v, -1, 0))
	}
	return r
}

// done counts a read, after the last of which a value leaves its register unless that is for good.
func (c *compiler) done(v int) {
	c.left[v]--
	if c.left[v] > 0 || !c.leaves(v) {
		return
	}
	c.release(c.register[v])
	c.register[v] = -1
	if c.cell[v] >= 0 && !c.away[v] {
		c.unused = append(c.unused, c.cell[v])
		c.cell[v] = -1
	}
}

func (c *compiler) takeCell() int {
	if n := len(c.unused); n > 0 {
		k := c.unused[n-1]
		c.unused = c.unused[:n-1]
		return k
	}
	c.cells++
	return c.cells - 1
}

// kept is a vector from one row to the next, in a register, −1 for none, or else in a cell.
type kept struct{ register, cell int }

func (c *compiler) keep(away bool) kept {
	if away {
		return kept{-1, c.takeCell()}
	}
	return kept{c.take(), -1}
}

// change calls f with a register that holds what is kept, if it is read, and keeps what f leaves there.
func (c *compiler) change(k kept, read bool, f func(register int)) {
	if k.register >= 0 {
		f(k.register)
		return
	}
	c.temporary(1, func(t []int) {
		if read {
			c.load(t[0], c.cellAt(k.cell), false)
		}
		f(t[0])
		c.store(t[0], c.cellAt(k.cell), false)
	})
}

// inRegisters calls f with registers that hold what is kept, and may lose it.
func (c *compiler) inRegisters(all []kept, f func(registers []int)) {
	registers, taken := make([]int, len(all)), 0
	for i, k := range all {
		if registers[i] = k.register; k.register < 0 {
			registers[i] = c.take()
			c.load(registers[i], c.cellAt(k.cell), false)
			taken++
		}
	}
	f(registers)
	for i, k := range all {
		if k.register < 0 {
			c.release(registers[i])
		}
	}
}

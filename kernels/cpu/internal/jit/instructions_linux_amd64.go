package jit

// instructions is an instruction set as programs are written with: whole vectors, those of which the last one of a row fills only some lanes
// (its tail), and what sets do in different ways. Registers are vector registers by their numbers.
type instructions interface {
	bytes() int // of a vector
	count() int // registers
	slot() int  // bytes of a constant in the table

	// direct says that arithmetic takes a second operand that is read once from memory, which saves an instruction.
	direct() bool

	// op is dst = x op y, opAt with y in memory, opConstant with a constant of the table, narrow and narrowAt with the lowest 16 bytes.
	op(o operation, dst, x, y int)
	opAt(o operation, dst, x int, at address)
	opConstant(o operation, dst, x int, at address)
	narrow(o operation, dst, x, y int)
	narrowAt(o operation, dst, x int, at address)

	// load and store touch only the tail's lanes where they are told so.
	load(dst int, at address, tail bool)
	store(src int, at address, tail bool)
	// broadcast is an element in all lanes, fetchConstant a constant of the table.
	broadcast(dst int, at address)
	fetchConstant(dst int, at address)
	clear(v int)

	// tailWords is what the table holds for a tail, if anything. setTail is at the beginning of a function; begin and end surround what is done for
	// a tail.
	tailWords(lanes int) []uint64
	setTail(lanes int)
	beginTail(c *compiler)
	endTail(c *compiler)
	// addTail is sum += v in the tail's lanes.
	addTail(c *compiler, sum, v int)
	// fold adds the upper half of a vector's lanes to the lower, down to 16 bytes; t is for its own use.
	fold(s, t int)

	// where calls f with a mask of the lanes where x is to y as asked, by which choose is dst = x in these lanes.
	where(c *compiler, how byte, x, y int, f func(mask int))
	choose(dst, mask, x int)
	// indicator is 1 where x > y, else 0.
	indicator(c *compiler, dst, x, y int)
	// scale is dst·2ⁿ for whole n, which it may destroy; power is 2ⁿ.
	scale(c *compiler, dst, n int)
	power(c *compiler, dst, n int)
}

// unary is dst = op x.
func (c *compiler) unary(o operation, dst, x int) { c.op(o, dst, 0, x) }

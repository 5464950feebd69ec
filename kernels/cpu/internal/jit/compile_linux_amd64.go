package jit

import (
	"math"
	"slices"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// Limits of what is compiled.
const (
	running    = 4    // registers of running sums, so that additions need not wait for each other
	mostAdded  = 1024 // elements that are added up in the type, before the sum goes on in float64
	unrolled   = 4    // vectors in one turn of a loop
	longestRow = 1 << 24
	mostHeld   = 12 // constants in registers
)

// compiler makes the code of one program.
type compiler struct {
	assembler
	Program
	vector    []bool // values that have an element for each index; all others are one in a row
	reads     []int  // how often each value is read
	inBody    []bool // uniform values that are read by indices, or stored
	constants []uint64
	held      []int // registers of the first constants
	place     []int // registers of operands' addresses, −1 for those that stay in the table
	register  []int // where each value is, −1 for nowhere
	left      []int // reads that are still to come
	free      []int // vector registers
	sums      []int
	total     int
	failed    bool
}

// addressRegisters hold addresses; RAX is the place in a row, RBX counts rows, RSI groups, and RDI is the table.
var addressRegisters = []int{rdx, 8, 9, 10, 11, 12, 13, 15}

// Available reports that Compile makes functions on this machine.
func Available() bool { return level.Active() == level.AVX512 }

// Compile makes a function of a program, and reports whether it could: not for functions that it has no code for, or more values than
// registers.
func Compile(p Program) (*Function, bool) {
	if !Available() || p.Length < 1 || p.Length > longestRow || p.Sum >= 0 && p.Length > mostAdded {
		return nil, false
	}
	c := &compiler{Program: p, assembler: assembler{f64: p.F64}}
	if !c.analyse() {
		return nil, false
	}
	c.function() // finds the constants
	if c.failed {
		return nil, false
	}
	if hold := (&compiler{Program: p, assembler: assembler{f64: p.F64}, constants: c.constants}); hold.analyse() {
		if hold.function(); !hold.failed {
			c = hold
		}
	}
	entry, ok := enter(c.code)
	if !ok {
		return nil, false
	}
	return &Function{entry, c.words() + len(c.constants), c.constants}, true
}

// words is how many addresses the table begins with.
func (c *compiler) words() int { return len(c.Inputs) + len(c.Stores) + 1 }

// analyse finds what is read and what is uniform.
func (c *compiler) analyse() bool {
	in, n := len(c.Inputs), len(c.Inputs)+len(c.Code)
	c.vector, c.reads, c.inBody = make([]bool, n), make([]int, n), make([]bool, n)
	c.register, c.left = slices.Repeat([]int{-1}, n), make([]int, n)
	for _, v := range c.results() {
		c.reads[v]++
		c.inBody[v] = true
	}
	for k, i := range c.Inputs {
		c.vector[k] = i.Vector
	}
	for k, i := range c.Code {
		if !known(i.Fn) {
			return false
		}
		for _, v := range operands(i) {
			c.vector[in+k] = c.vector[in+k] || c.vector[v]
		}
	}
	for k := len(c.Code) - 1; k >= 0; k-- {
		if c.reads[in+k] == 0 {
			continue
		}
		for _, v := range operands(c.Code[k]) {
			c.reads[v]++
			c.inBody[v] = c.inBody[v] || c.vector[in+k]
		}
	}
	return true
}

// results are the values that are stored and added up.
func (c *compiler) results() []uint8 {
	if c.Sum < 0 {
		return c.Stores
	}
	return append(slices.Clone(c.Stores), uint8(c.Sum))
}

func operands(i kernels.Instr) []uint8 { return []uint8{i.X, i.Y}[:i.Fn.Arity()] }

// function writes everything.
func (c *compiler) function() {
	for v := 31; v >= 0; v-- {
		c.free = append(c.free, v)
	}
	c.fetchAddresses()
	for k := range min(len(c.constants), mostHeld) {
		c.held = append(c.held, c.take())
		c.broadcast(c.held[k], c.constantAt(k))
	}
	if tail := c.Length % c.lanes(); tail > 0 {
		c.setMask(tail)
	}
	if c.Sum >= 0 {
		for range running {
			c.sums = append(c.sums, c.take())
		}
		c.total = c.take()
	}
	group := len(c.code)
	if c.Sum >= 0 {
		c.assembler.clear(c.total)
		c.clearSums()
	}
	if c.Rows > 1 {
		c.set(rbx, c.Rows)
	}
	row := len(c.code)
	c.row()
	if c.Rows > 1 {
		if c.Sum >= 0 && c.everyRow() {
			c.flush()
			c.clearSums()
		}
		c.advance(func(m motion) int { return m.row })
		c.add(rbx, -1)
		c.jump(notZero, row)
		c.finishSum()
		c.advance(func(m motion) int { return m.group })
	} else {
		c.finishSum()
		c.advance(func(m motion) int { return m.row + m.group })
	}
	c.add(rsi, -1)
	c.jump(notZero, group)
	c.leave()
}

func (c *compiler) size() int  { return pick(c.f64, 8, 4) }
func (c *compiler) lanes() int { return 64 / c.size() }

// everyRow reports that sums go on in float64 after each row, not only after each group.
func (c *compiler) everyRow() bool { return c.Length*c.Rows > mostAdded }

// take is a vector register that is free.
func (c *compiler) take() int {
	if len(c.free) == 0 {
		c.failed = true
		return 0
	}
	v := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	return v
}

func (c *compiler) release(v int) { c.free = append(c.free, v) }

// fetchAddresses puts the addresses of what is read and written into registers.
func (c *compiler) fetchAddresses() {
	c.place = slices.Repeat([]int{-1}, c.words())
	used := 0
	for k := range c.place {
		if k < len(c.Inputs) && c.reads[k] == 0 || k == c.words()-1 || used == len(addressRegisters) {
			continue
		}
		c.place[k] = addressRegisters[used]
		c.fetch(c.place[k], address{rdi, -1, 8 * k})
		used++
	}
}

// operand is the register that holds an operand's address, which is fetched where it stays in the table.
func (c *compiler) operand(k int) int {
	if c.place[k] >= 0 {
		return c.place[k]
	}
	c.fetch(rcx, address{rdi, -1, 8 * k})
	return rcx
}

// motion is the bytes by which an address moves on.
type motion struct{ row, group int }

func (c *compiler) advance(by func(motion) int) {
	for k := range c.place {
		m := motion{row: c.Length * c.size()}
		switch {
		case k < len(c.Inputs) && c.reads[k] == 0:
			continue
		case k < len(c.Inputs):
			m = motion{c.Inputs[k].Row * c.size(), c.Inputs[k].Group * c.size()}
		case k < c.words()-1 && c.Outputs != nil:
			o := c.Outputs[k-len(c.Inputs)]
			m = motion{o.Row * c.size(), o.Group * c.size()}
		case k == c.words()-1:
			m = motion{group: pick(c.Wide, 8, c.size())}
			if c.Sum < 0 {
				continue
			}
		}
		v := by(m)
		switch {
		case v == 0:
		case c.place[k] >= 0:
			c.add(c.place[k], v)
		default:
			c.addTo(address{rdi, -1, 8 * k}, v)
		}
	}
}

// row writes what is done for one row.
func (c *compiler) row() {
	copy(c.left, c.reads)
	free := slices.Clone(c.free)
	for k, in := range c.Inputs {
		if !in.Vector && c.reads[k] > 0 {
			c.register[k] = c.take()
			c.broadcast(c.register[k], address{c.operand(k), -1, 0})
		}
	}
	for k, i := range c.Code {
		if v := len(c.Inputs) + k; !c.vector[v] && c.reads[v] > 0 {
			c.compute(i, v, func(x int) bool { return !c.inBody[x] })
		}
	}
	c.vectors()
	for v := range c.register {
		c.register[v] = -1
	}
	c.free = free
}

// vectors writes the loop over a row.
func (c *compiler) vectors() {
	whole, offset := c.Length/c.lanes(), 0
	c.code = append(c.code, 0x31, 0xc0) // EAX = 0
	if turns := whole / unrolled; turns > 1 {
		start := len(c.code)
		for u := range unrolled {
			c.body(u, 64*u, masked{})
		}
		c.add(rax, 64*unrolled)
		c.compare(rax, 64*unrolled*turns)
		c.jump(below, start)
		whole -= turns * unrolled
	}
	for u := range whole {
		c.body(u, offset, masked{})
		offset += 64
	}
	if c.Length%c.lanes() > 0 {
		c.body(whole, offset, masked{1, true})
	}
}

// body writes what is done for one vector of a row; u is its number, which the running sum follows from.
func (c *compiler) body(u, offset int, m masked) {
	for v, vector := range c.vector {
		if vector {
			c.register[v], c.left[v] = -1, c.reads[v]
		}
	}
	at := func(k int) address { return address{c.operand(k), rax, offset} }
	load := func(v uint8) int {
		if c.register[v] < 0 {
			c.register[v] = c.take()
			c.load(c.register[v], at(int(v)), m)
		}
		return c.register[v]
	}
	write := func(v uint8) {
		for o, r := range c.Stores {
			if r == v {
				c.store(load(v), at(len(c.Inputs)+o), masked{mask: m.mask})
				c.done(v)
			}
		}
	}
	for k, i := range c.Code {
		v := len(c.Inputs) + k
		if !c.vector[v] || c.reads[v] == 0 {
			continue
		}
		for _, x := range operands(i) {
			load(x)
		}
		c.compute(i, v, func(x int) bool { return c.vector[x] })
		if !c.InPlace {
			write(uint8(v))
		}
	}
	if c.Sum >= 0 {
		s := c.sums[u%running]
		c.evex(c.arithmetic(addCode), v512, masked{mask: m.mask}, s, s, load(uint8(c.Sum)))
		c.done(uint8(c.Sum))
	}
	if c.InPlace {
		for _, v := range c.Stores {
			load(v)
		}
	}
	for k, r := range c.Stores {
		if (c.InPlace || int(r) < len(c.Inputs) || !c.vector[r]) && slices.Index(c.Stores, r) == k {
			write(r)
		}
	}
}

// done counts a read, after the last of which a value of the body leaves its register.
func (c *compiler) done(v uint8) {
	c.left[v]--
	if c.vector[v] && c.left[v] == 0 {
		c.release(c.register[v])
	}
}

// compute writes an instruction, whose operands are in registers, which it frees where that is allowed and nothing reads them again.
func (c *compiler) compute(i kernels.Instr, v int, mayFree func(int) bool) {
	var x, y int
	switch o := operands(i); len(o) {
	case 2:
		y = c.register[o[1]]
		fallthrough
	case 1:
		x = c.register[o[0]]
	}
	c.register[v] = c.take()
	c.value(i, c.register[v], x, y)
	for _, o := range operands(i) {
		if c.left[o]--; c.left[o] == 0 && mayFree(int(o)) {
			c.release(c.register[o])
		}
	}
}

// constant calls f with a register that holds a number in all lanes.
func (c *compiler) constant(v float64, f func(register int)) { c.pattern(c.bits(v), f) }

func (c *compiler) bits(v float64) uint64 {
	if c.f64 {
		return math.Float64bits(v)
	}
	return uint64(math.Float32bits(float32(v)))
}

func (c *compiler) pattern(bits uint64, f func(register int)) {
	k := c.number(bits)
	if k < len(c.held) {
		f(c.held[k])
		return
	}
	v := c.take()
	c.broadcast(v, c.constantAt(k))
	f(v)
	c.release(v)
}

// with is dst = x op a number in all lanes, which is in a register or in the table.
func (c *compiler) with(o operation, dst, x int, bits uint64) {
	if k := c.number(bits); k < len(c.held) {
		c.op(o, dst, x, c.held[k])
	} else {
		c.repeated(o, dst, x, c.constantAt(k))
	}
}

// number is the place of a constant among all.
func (c *compiler) number(bits uint64) int {
	k := slices.Index(c.constants, bits)
	if k < 0 {
		k = len(c.constants)
		c.constants = append(c.constants, bits)
	}
	return k
}

func (c *compiler) constantAt(k int) address { return address{rdi, -1, 8 * (c.words() + k)} }

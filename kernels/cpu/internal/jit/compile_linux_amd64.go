package jit

import (
	"math"
	"slices"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// Limits of what is compiled.
const (
	running    = 4    // running sums, so that additions need not wait for each other
	mostAdded  = 1024 // elements that are added up in the type, before the sum goes on in float64
	unrolled   = 4    // vectors in one turn of a loop
	longestRow = 1 << 24
	mostHeld   = 12 // constants in registers
)

// compiler makes the code of one program.
type compiler struct {
	*assembler
	instructions
	Program
	layout
	allocation
	vector    []bool // values that have an element for each index; all others are one in a row
	reads     []int  // how often each value is read
	addressed []bool // operands whose addresses are used
	inBody    []int  // how often a uniform value is read by indices, or stored
	constants []uint64
	held      []int // registers of the first constants
	place     []int // registers of operands' addresses, −1 for those that stay in the table
	sums      []kept
	total     kept
}

// addressRegisters hold addresses; RAX is the place in a row, RBX counts rows, RSI groups, and RDI is the table.
var addressRegisters = []int{rdx, 8, 9, 10, 11, 12, 13, 15}

// Available reports that Compile makes functions on this machine.
func Available() bool { return level.Active() != level.Portable }

// Compile makes a function of a program, and reports whether it could: not for functions that it has no code for, or, with AVX-512, more values
// than registers.
func Compile(p Program) (*Function, bool) {
	if !Available() {
		return nil, false
	}
	c := compile(p, level.Active())
	if c == nil {
		return nil, false
	}
	return c.enter()
}

// enter makes a function of what is written.
func (c *compiler) enter() (*Function, bool) {
	entry, ok := enter(c.code)
	if !ok {
		return nil, false
	}
	return &Function{entry, c.tableWords(), c.firstSlot() / 8, c.slot() / 8, c.numbers()}, true
}

// compile writes a program for a level, nil where there is no code for it: in the first layout whose values fit the registers.
func compile(p Program, l level.Level) *compiler {
	if p.Length < 1 || p.Length > longestRow || p.Sum >= 0 && p.Length > mostAdded {
		return nil
	}
	if slices.ContainsFunc(p.Code, func(i kernels.Instr) bool { return !known(i.Fn) }) {
		return nil
	}
	trial := write(p, l, layout{}, nil) // finds the constants
	for _, next := range trial.layouts() {
		if c := write(p, l, next, trial.constants); !c.failed {
			return c
		}
	}
	return nil
}

// write is a program in one layout.
func write(p Program, l level.Level, as layout, constants []uint64) *compiler {
	a := &assembler{f64: p.F64}
	c := &compiler{assembler: a, instructions: &avx2{assembler: a}, Program: p, layout: as, constants: slices.Clone(constants)}
	if l == level.AVX512 {
		c.instructions = avx512{a}
	}
	c.analyse()
	c.function()
	return c
}

// words is how many addresses the table begins with.
func (c *compiler) words() int { return len(c.Inputs) + len(c.Stores) + 1 }

// analyse finds what is read and what is uniform.
func (c *compiler) analyse() {
	in, n := len(c.Inputs), len(c.Inputs)+len(c.Code)
	c.vector, c.reads, c.inBody = make([]bool, n), make([]int, n), make([]int, n)
	for _, v := range c.results() {
		c.reads[v]++
		c.inBody[v]++
	}
	for k, i := range c.Inputs {
		c.vector[k] = i.Vector
	}
	for k, i := range c.Code {
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
			if c.vector[in+k] {
				c.inBody[v]++
			}
		}
	}
	c.addressed = make([]bool, c.words())
	c.addressed[c.words()-1] = c.Sum >= 0
	for k := range c.words() - 1 {
		if k >= in || c.reads[k] > 0 {
			of, _ := c.origin(k)
			c.addressed[of] = true
		}
	}
	c.allocate(n)
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
	c.fetchAddresses()
	for k := range min(len(c.constants), c.hold) {
		c.held = append(c.held, c.take())
		c.fetchConstant(c.held[k], c.constantAt(k))
	}
	if tail := c.Length % c.lanes(); tail > 0 {
		c.setTail(tail)
	}
	if c.Sum >= 0 {
		for range running {
			c.sums = append(c.sums, c.keep(c.sumsAway))
		}
		c.total = c.keep(c.totalAway)
	}
	group := len(c.code)
	if c.Sum >= 0 {
		c.change(c.total, false, c.clear)
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
		c.advance(func(o Input) int { return o.Row })
		c.add(rbx, -1)
		c.jump(notZero, row)
		c.finishSum()
		c.advance(func(o Input) int { return o.Group })
	} else {
		c.finishSum()
		c.advance(func(o Input) int { return o.Row + o.Group })
	}
	c.add(rsi, -1)
	c.jump(notZero, group)
	c.leave()
}

func (c *compiler) size() int  { return pick(c.f64, 8, 4) }
func (c *compiler) lanes() int { return c.bytes() / c.size() }

// everyRow reports that sums go on in float64 after each row, not only after each group.
func (c *compiler) everyRow() bool { return c.Length*c.Rows > mostAdded }

// fetchAddresses puts the addresses of what is read and written into registers.
func (c *compiler) fetchAddresses() {
	c.place = slices.Repeat([]int{-1}, c.words())
	used := 0
	for k := range c.place {
		if !c.addressed[k] || k == c.words()-1 || used == len(addressRegisters) {
			continue
		}
		c.place[k] = addressRegisters[used]
		c.fetch(c.place[k], address{rdi, -1, 8 * k})
		used++
	}
}

// operand is how operand k lies in memory and moves on.
func (c *compiler) operand(k int) Input {
	switch o := k - len(c.Inputs); {
	case o < 0:
		return c.Inputs[k]
	case o == len(c.Stores):
		return Input{Group: pick(c.Wide && !c.f64, 2, 1)}
	case c.Outputs != nil:
		return c.Outputs[o]
	}
	return Input{Row: c.Length}
}

// origin is the operand whose address that of operand k follows from, as a rule itself, and the bytes from there.
func (c *compiler) origin(k int) (of, offset int) {
	o := c.operand(k)
	return k - o.Back, o.Offset * c.size()
}

// operandAt is the address offset bytes behind the start of operand k, plus what the index register holds.
func (c *compiler) operandAt(k, index, offset int) address {
	of, further := c.origin(k)
	base := c.place[of]
	if base < 0 { // it stays in the table
		base = rcx
		c.fetch(base, address{rdi, -1, 8 * of})
	}
	return address{base, index, offset + further}
}

// advance moves addresses on.
func (c *compiler) advance(by func(Input) int) {
	for k, used := range c.addressed {
		if !used {
			continue
		}
		v := by(c.operand(k)) * c.size()
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
		if !in.Vector && c.reads[k] > 0 && !c.away[k] {
			c.need(k)
		}
		if c.away[k] && c.InPlace { // before anything is stored
			c.need(k)
			c.save(k)
		}
	}
	for k, i := range c.Code {
		if v := len(c.Inputs) + k; !c.vector[v] && c.reads[v] > 0 {
			c.at = k
			c.compute(i, v)
			if c.away[v] {
				c.save(v)
			}
		}
	}
	c.inLoop = true
	c.vectors()
	c.inLoop = false
	for v := range c.register {
		c.register[v] = -1
	}
	c.free = free
}

// vectors writes the loop over a row.
func (c *compiler) vectors() {
	for v, away := range c.away {
		if away && c.register[v] >= 0 {
			c.release(c.register[v])
		}
	}
	whole, offset := c.Length/c.lanes(), 0
	c.code = append(c.code, 0x31, 0xc0) // EAX = 0
	if turns := whole / unrolled; turns > 1 {
		start := len(c.code)
		for u := range unrolled {
			c.body(u, c.bytes()*u, false)
		}
		c.add(rax, c.bytes()*unrolled)
		c.compare(rax, c.bytes()*unrolled*turns)
		c.jump(below, start)
		whole -= turns * unrolled
	}
	for u := range whole {
		c.body(u, offset, false)
		offset += c.bytes()
	}
	if c.Length%c.lanes() > 0 {
		c.beginTail(c)
		c.body(whole, offset, true)
		c.endTail(c)
	}
}

// body writes what is done for one vector of a row; u is its number, which the running sum follows from.
func (c *compiler) body(u, offset int, tail bool) {
	c.offset, c.tail = offset, tail
	for v, vector := range c.vector {
		switch {
		case vector:
			c.register[v], c.left[v] = -1, c.reads[v]
		case c.away[v]:
			c.register[v], c.left[v] = -1, c.inBody[v]
		}
	}
	for k, i := range c.Code {
		v := len(c.Inputs) + k
		if !c.vector[v] || c.reads[v] == 0 {
			continue
		}
		c.at = k
		c.compute(i, v)
		if !c.InPlace {
			c.write(v)
		}
	}
	c.at, c.pinned = len(c.Code), nil
	if c.Sum >= 0 {
		c.pinned = []int{c.Sum}
		c.addUp(u, c.need(c.Sum), tail)
		c.done(c.Sum)
	}
	if c.InPlace {
		for _, v := range c.Stores {
			c.need(int(v))
		}
	}
	for k, r := range c.Stores {
		if (c.InPlace || int(r) < len(c.Inputs) || !c.vector[r]) && slices.Index(c.Stores, r) == k {
			c.write(int(r))
		}
	}
}

// element is where the current vector of an operand is.
func (c *compiler) element(k int) address { return c.operandAt(k, rax, c.offset) }

// write stores a value to the outputs that it is for.
func (c *compiler) write(v int) {
	for o, r := range c.Stores {
		if int(r) == v {
			c.store(c.need(v), c.element(len(c.Inputs)+o), c.tail)
			c.done(v)
		}
	}
}

// compute writes an instruction, and frees the operands that nothing reads again.
func (c *compiler) compute(i kernels.Instr, v int) {
	c.pinned = nil
	code, direct := c.fromMemory(i)
	registers, apart := []int{0, 0}, operands(i)
	if direct {
		apart = apart[:1]
	}
	for k, o := range apart {
		c.pinned = append(c.pinned, int(o))
		registers[k] = c.need(int(o))
	}
	c.register[v] = c.take()
	c.pinned = append(c.pinned, v)
	if direct {
		c.opAt(c.arithmetic(code), c.register[v], registers[0], c.element(int(i.Y)))
	} else {
		c.value(i, c.register[v], registers[0], registers[1])
	}
	for _, o := range apart {
		c.done(int(o))
	}
}

// fromMemory reports an instruction that takes its second operand, an input that nothing else reads, from memory.
func (c *compiler) fromMemory(i kernels.Instr) (code byte, ok bool) {
	y := int(i.Y)
	if !c.direct() || c.tail || y >= len(c.Inputs) || !c.vector[y] || c.left[y] != 1 || c.register[y] >= 0 || c.cell[y] >= 0 {
		return 0, false
	}
	switch i.Fn {
	case kernels.FnAdd:
		return addCode, true
	case kernels.FnSub:
		return subCode, true
	case kernels.FnMul:
		return mulCode, true
	}
	return 0, false
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
	c.fetchConstant(v, c.constantAt(k))
	f(v)
	c.release(v)
}

// with is dst = x op a number in all lanes, which is in a register or in the table.
func (c *compiler) with(o operation, dst, x int, bits uint64) {
	if k := c.number(bits); k < len(c.held) {
		c.op(o, dst, x, c.held[k])
	} else {
		c.opConstant(o, dst, x, c.constantAt(k))
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

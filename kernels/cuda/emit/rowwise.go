package emit

import (
	"fmt"

	"drift/kernels"
)

// sharedBytes is the shared memory of a block that values between steps may take: what every device gives without being asked, less what sums
// need.
const sharedBytes = 40 << 10

// mostPredicates is the units of which a thread remembers whether they are there: a device has seven registers for that.
const mostPredicates = 4

// rowwise writes the steps of a Rowwise for one row. A value with one element for each row stays in a register that all threads of the row
// have. Where no thread comes back for more of a row, what it loaded or computed at an index stays in its registers for the steps that read the
// same index.
type rowwise struct {
	*group
	kernels.Rowwise
	longest int // indices of a row
	lanes   int
	wide    *site // of a step over the whole row, if it is done in one go
	places  []place
	made    map[int]bool // values that were stored since threads last waited for each other
}

// rows writes steps that are done row by row, a group of threads for each row.
func rows(r kernels.Rowwise, dt kernels.DType, memory Operands) *Program {
	w := newWriter("rowwise", dt, len(r.Out)+len(r.In)+len(r.Local))
	p := &rowwise{Rowwise: r, made: make(map[int]bool)}
	resident, live, cost := 0, 1, 1
	for _, s := range r.Steps {
		m, _ := s.Chain()
		p.longest = max(p.longest, m.N/r.Rows)
		live, cost = max(live, alive(m)), max(cost, w.cost(m))
	}
	for v := range len(r.In) + len(r.Out) + len(r.Local) {
		if r.Len(v)/r.Rows == p.longest && p.longest > 1 {
			resident++
		}
	}
	p.lanes = 2 * vectorBytes / w.size()
	for p.lanes > 1 && ((live+resident)*p.lanes*w.size()/4 > mostRegisters || cost*p.lanes > mostInstructions) {
		p.lanes /= 2
	}
	p.group = w.groupFor(r.Rows, p.longest, p.lanes)
	if twice := 2 * p.lanes; p.longest > p.threads*p.lanes && (live+resident)*twice*w.size()/4 <= mostRegisters && cost*twice <= mostInstructions {
		p.lanes = twice
	}
	if run := p.run(p.longest); p.longest > 1 && run.single() {
		w.sweep(run, func(s *site) { p.wide = s })
		p.wide.keep = true
	}
	scratch := p.lay(memory)
	for k, s := range r.Steps {
		p.step(k, s)
	}
	return &Program{Text: module(w.text(p.block)), Kernels: []Kernel{{w.name, p.blocks(r.Rows), 1, p.block}}, Scratch: scratch}
}

// run is all of a row of n indices.
func (p *rowwise) run(n int) run {
	w := min(width(p.dt, n), p.lanes)
	units := min(p.lanes/w, ceil(n, p.threads*w))
	if n%(p.threads*w*units) != 0 {
		units = min(units, mostPredicates)
	}
	return run{p.madd(p.row, n, "0"), "0", bound{fmt.Sprint(n), true}, n, p.inside, p.lane, p.threads, w, units}
}

// lay finds a place for every value: values that pass between threads lie in shared memory as long as it takes them, then in scratch memory.
func (p *rowwise) lay(memory Operands) (scratch []int) {
	for k := range p.In {
		p.places = append(p.places, place{value: k, slot: len(p.Out) + k, Operand: memory.In[k]})
	}
	for k := range p.Out {
		p.places = append(p.places, place{value: len(p.In) + k, slot: k, Operand: memory.Out[k]})
	}
	bytes, groups := 0, p.block/p.threads
	var offsets []int
	for k, n := range p.Local {
		v, each := len(p.In)+len(p.Out)+k, n/p.Rows
		need := ceil(each*p.size(), vectorBytes) * vectorBytes
		at := place{value: v, slot: len(p.Out) + len(p.In) + len(scratch), Operand: Operand{Aligned: true}}
		switch {
		case each == 1 || p.inRegisters(v):
			offsets, need = append(offsets, -1), 0
		case (bytes+need)*groups <= sharedBytes:
			at.shared = true
			offsets = append(offsets, bytes)
			bytes += need
		default:
			offsets, need = append(offsets, -1), 0
			scratch = append(scratch, n*p.size())
		}
		p.places = append(p.places, at)
	}
	if bytes == 0 {
		return scratch
	}
	p.shared[locals] = bytes * groups
	base := p.to(index, "mov.u32", locals)
	if groups > 1 {
		base = p.madd(p.divide(p.thread, p.threads, p.block), bytes, base)
	}
	for k, o := range offsets {
		if o >= 0 {
			p.places[len(p.In)+len(p.Out)+k].offset = p.to(index, "add.u32", base, o)
		}
	}
	return scratch
}

// inRegisters reports that each element of a value is read by the thread that makes it alone.
func (p *rowwise) inRegisters(v int) bool {
	for _, s := range p.Steps {
		m, _ := s.Chain()
		for k, x := range s.In {
			if x == v && !(p.atWide(s) && m.Access[k].Full()) {
				return false
			}
		}
		for _, x := range s.Out {
			if x == v && !p.atWide(s) {
				return false
			}
		}
	}
	return true
}

// atWide reports a step whose chain is evaluated at the site that is kept.
func (p *rowwise) atWide(s kernels.RowStep) bool {
	m, _ := s.Chain()
	if p.wide == nil || m.N/p.Rows != p.longest {
		return false
	}
	r, sum := s.Op.(kernels.Reduce)
	return !sum || r.A == p.Rows
}

func (p *rowwise) step(k int, s kernels.RowStep) {
	m, _ := s.Chain()
	for _, v := range s.In {
		if p.made[v] && p.places[v].scalar == "" && !p.known(s, v) {
			p.wait()
			clear(p.made)
			break
		}
	}
	in := make([]place, len(s.In))
	for k, v := range s.In {
		in[k] = p.places[v]
	}
	r, sum := s.Op.(kernels.Reduce)
	switch {
	case !sum && m.N == 0:
	case !sum:
		p.mapping(m, s.Out, in, nil)
	case r.B == 0:
		p.empty(r, s.Out[0])
	case m.N == p.Rows:
		p.mapping(m, append([]int{-1}, s.Out[1:]...), in, func(_ *site, lanes []string) { p.keep(s.Out[0], lanes[0]) })
	case r.A == p.Rows:
		j := sums{p.writer, r.Max}
		sum := j.start()
		p.mapping(m, append([]int{-1}, s.Out[1:]...), in, func(at *site, lanes []string) { j.terms(at, lanes, []string{sum}) })
		p.join(j, sum)
		p.keep(s.Out[0], j.narrow(sum))
	default:
		p.parts(r, s.Out, in)
	}
}

// known reports that a step finds a value in registers.
func (p *rowwise) known(s kernels.RowStep, v int) bool {
	m, _ := s.Chain()
	for k, x := range s.In {
		if x == v && !(p.atWide(s) && p.wide.loaded[resident(p.places[v], m.Access[k])] != nil) {
			return false
		}
	}
	return true
}

// mapping evaluates a chain over the row. Result 0 goes to terms instead, if that is given.
func (p *rowwise) mapping(m kernels.Map, out []int, in []place, terms func(*site, []string)) {
	n := m.N / p.Rows
	body := func(s *site) {
		p.evaluate(m, s, in, func(r int, lanes []string) {
			switch {
			case r == 0 && terms != nil:
				terms(s, lanes)
			case n == 1:
				p.keep(out[r], lanes[0])
			default:
				p.put(s, out[r], lanes)
			}
		})
	}
	switch {
	case n == 1:
		i := p.madd(p.row, 1, "0")
		body(newSite(1, []unit{{index: i, row: "0", inside: p.inside}}))
	case p.wide != nil && n == p.longest:
		body(p.wide)
	default:
		p.sweep(p.run(n), body)
	}
}

// put stores the lanes of a value, or keeps them.
func (p *rowwise) put(s *site, v int, lanes []string) {
	at := p.places[v]
	if s.keep {
		s.loaded[resident(at, kernels.Access{B: 1, C: 1})] = lanes
	}
	if p.local(v) && p.inRegisters(v) {
		return
	}
	p.store(s, at, lanes)
	p.made[v] = true
}

func (p *rowwise) local(v int) bool { return v >= len(p.In)+len(p.Out) }

// keep holds the only element of a value in this row, and stores it where it is an output.
func (p *rowwise) keep(v int, r string) {
	p.places[v].scalar = r
	if !p.local(v) {
		first := p.both(p.inside, p.to(predicate, "setp.eq.u32", p.lane, 0))
		p.op("%sst.global.%s [%s], %s", only(first), p.t(), p.at(p.places[v], p.row), r)
	}
}

// parts makes the sums of several runs of a row, each by some neighbouring threads.
func (p *rowwise) parts(r kernels.Reduce, out []int, in []place) {
	runs := r.A / p.Rows
	w := min(width(p.dt, r.B), p.lanes)
	threads := min(p.threads, power(ceil(r.B, p.lanes), warp))
	if alone := p.threads > warp && runs < p.threads/warp; alone {
		threads = p.threads
	}
	at := p.threads / threads // runs at once
	j := sums{p.writer, r.Max}
	lane, own := p.modulo(p.lane, threads, p.threads), p.divide(p.lane, threads, p.threads)
	if threads == 1 {
		lane = p.to(index, "mov.u32", 0)
	}
	k, again := "", p.label()
	turn := own
	if runs > at {
		k = p.to(index, "mov.u32", 0)
		p.place(again)
		turn = p.madd(k, 1, own)
	}
	inside := p.inside
	if runs%at != 0 {
		inside = p.both(inside, p.to(predicate, "setp.lt.u32", turn, runs))
	}
	sum := j.start()
	from := p.madd(turn, r.B, "0")
	base := p.madd(p.row, runs*r.B, "0")
	units := min(max(1, p.lanes/w), ceil(r.B, threads*w))
	p.sweep(run{base, from, bound{fmt.Sprint(r.B), true}, r.B, inside, lane, threads, w, units}, func(s *site) {
		p.evaluate(r.Map, s, in, func(n int, lanes []string) {
			if n == 0 {
				j.terms(s, lanes, []string{sum})
				return
			}
			p.put(s, out[n], lanes)
		})
	})
	if threads > warp {
		j.inBlock(sum, p.thread, p.block)
	} else {
		j.among(sum, threads)
	}
	first := p.both(inside, p.to(predicate, "setp.eq.u32", lane, 0))
	p.putOne(out[0], turn, runs, j.narrow(sum), first)
	if k != "" {
		p.op("add.u32 %s, %[1]s, %d", k, at)
		p.op("@%s bra.uni %s", p.to(predicate, "setp.lt.u32", k, runs), again)
	}
}

// putOne stores element `run` of the row's part of a value that has `runs` of them.
func (p *rowwise) putOne(v int, run string, runs int, r, guard string) {
	at := p.places[v]
	element := run
	if !at.shared {
		element = p.madd(p.row, runs, run)
	}
	p.op("%sst.%s.%s [%s], %s", only(guard), at.space(), p.t(), p.at(at, element), r)
	p.made[v] = true
}

// empty is the sums of nothing.
func (p *rowwise) empty(r kernels.Reduce, v int) {
	j := sums{p.writer, r.Max}
	none := j.narrow(j.start())
	runs := r.A / p.Rows
	if runs == 1 {
		p.keep(v, none)
		return
	}
	p.sweep(p.run(runs), func(s *site) {
		lanes := make([]string, s.lanes())
		for k := range lanes {
			lanes[k] = none
		}
		p.put(s, v, lanes)
	})
}

package emit

import "drift/kernels"

// sharedBytes is the shared memory of a block that values between steps may take: what every device gives without being asked, less what sums
// need.
const sharedBytes = 40 << 10

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
func (p *rowwise) atWide(s kernels.Step) bool {
	m, _ := s.Chain()
	if p.wide == nil || m.N/p.Rows != p.longest {
		return false
	}
	r, sum := s.Op.(kernels.Reduce)
	return !sum || r.A == p.Rows
}

// known reports that a step finds a value in registers.
func (p *rowwise) known(s kernels.Step, v int) bool {
	m, _ := s.Chain()
	for k, x := range s.In {
		if x == v && !(p.atWide(s) && p.wide.loaded[resident(p.places[v], m.Access[k])] != nil) {
			return false
		}
	}
	return true
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

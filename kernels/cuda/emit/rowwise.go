package emit

import (
	"fmt"

	"drift/kernels"
)

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

func (p *rowwise) step(k int, s kernels.Step) {
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

package emit

import (
	"fmt"

	"drift/kernels"
)

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

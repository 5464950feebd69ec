package emit

import (
	"fmt"

	"drift/kernels"
)

// group is the threads that work on a row together: a power of two of neighbours in a warp, of which a block has several, or a block.
type group struct {
	*writer
	threads, block int    // of the group and of the block
	thread, lane   string // number in the block and in the group
	row            string // that the group works on
	inside         string // predicate that there is such a row, "" where there always is
}

// groupFor has as many threads as rows of n indices keep busy, at a number of lanes for each.
func (w *writer) groupFor(rows, n, lanes int) *group {
	g := &group{writer: w, threads: power(ceil(n, lanes), blockThreads)}
	g.block = g.threads
	if g.threads <= warp {
		g.block = max(warp, min(blockThreads, power(ceil(rows*g.threads, mapBlocks), blockThreads))) // small blocks spread over all processors
	}
	g.thread = w.to(index, "mov.u32", "%tid.x")
	g.row = w.to(index, "mov.u32", "%ctaid.x")
	if g.lane = g.thread; g.threads < g.block {
		g.lane = w.modulo(g.thread, g.threads, g.block)
		g.row = w.madd(g.row, g.block/g.threads, w.divide(g.thread, g.threads, g.block))
	}
	if g.threads == 1 {
		g.lane = w.to(index, "mov.u32", 0)
	}
	if each := g.block / g.threads; rows%each != 0 {
		g.inside = w.to(predicate, "setp.lt.u32", g.row, rows)
		g.row = w.to(index, "selp.b32", g.row, 0, g.inside)
	}
	return g
}

func (g *group) blocks(rows int) int { return ceil(rows, g.block/g.threads) }

// join makes a total that of the group, in all its threads.
func (g *group) join(j sums, sum string) {
	if g.threads <= warp {
		j.among(sum, g.threads)
		return
	}
	j.inBlock(sum, g.thread, g.block)
}

// wait is for all threads of the group, and for what they stored.
func (g *group) wait() {
	if g.threads <= warp {
		g.op("bar.warp.sync -1")
		return
	}
	g.op("bar.sync 0")
}

// run is a part of a row that some threads work through.
type run struct {
	base    string // the index of the chain where the row begins
	from    string // the place in the row where the run begins
	end     bound  // how long it is, at most n
	n       int
	inside  string
	lane    string // of the thread among those that do it
	threads int
	width   int
	units   int
}

func (r run) span() int { return r.threads * r.units * r.width }

// single reports that no thread comes back for more.
func (r run) single() bool { return r.n <= r.span() }

// sweep writes what is done at each site of a run; all threads of a warp come through it together.
func (w *writer) sweep(r run, body func(*site)) {
	first := w.madd(r.lane, r.width, "0")
	if r.single() {
		body(w.along(r, first, bound{r.end.limit, r.end.every && r.n == r.span()}))
		return
	}
	k, again := w.to(index, "mov.u32", 0), w.label()
	w.place(again)
	body(w.along(r, w.to(index, "add.u32", first, k), bound{r.end.limit, r.end.every && r.n%r.span() == 0}))
	w.op("add.u32 %s, %[1]s, %d", k, r.span())
	w.op("@%s bra.uni %s", w.to(predicate, "setp.lt.u32", k, r.end.limit), again)
}

// along is the site of a thread whose first unit begins at a place of the run.
func (w *writer) along(r run, at string, end bound) *site {
	row := at
	if r.from != "0" {
		row = w.to(index, "add.u32", at, r.from)
		if !end.every { // counted from the row's beginning
			end.limit = w.to(index, "add.u32", r.from, end.limit)
		}
	}
	return w.spread(w.to(index, "add.u32", r.base, row), row, r.inside, r.units, r.width, r.threads*r.width, end)
}

// reduceRows writes the sums of rows: Reduce with C = 1.
func reduceRows(r kernels.Reduce, dt kernels.DType, memory Operands) *Program {
	w := newWriter("reduce", dt, len(r.Map.Results)+len(r.Map.Access)+1)
	lanes := w.lanesOf(r.Map)
	width := min(width(dt, max(1, r.B)), lanes)
	chunks := max(1, min(ceil(reduceBlocks, r.A), ceil(r.B, 2*blockThreads*lanes), reduceBlocks))
	share := ceil(ceil(r.B, chunks), lanes) * lanes
	chunks = max(1, ceil(r.B, max(1, share)))
	g := w.groupFor(r.A, max(1, min(share, r.B)), lanes)
	j := sums{w, r.Max}
	sum := j.start()
	from, end := "0", bound{fmt.Sprint(r.B), true}
	n := r.B
	if chunks > 1 {
		n = share
		from = w.madd(w.to(index, "mov.u32", "%ctaid.y"), share, "0")
		end = bound{fmt.Sprint(share), r.B%share == 0}
		if !end.every {
			left := w.to(index, "sub.u32", r.B, from)
			end.limit = w.to(index, "min.u32", left, share)
		}
	}
	out, in := operands(memory, len(r.Map.Results), len(r.Map.Access))
	if r.B > 0 {
		base := w.madd(g.row, r.B, "0")
		w.sweep(run{base, from, end, n, g.inside, g.lane, g.threads, width, lanes / width}, func(s *site) {
			w.evaluate(r.Map, s, in, func(k int, lanes []string) {
				if k > 0 {
					w.store(s, out[k], lanes)
				}
				if k == 0 {
					j.terms(s, lanes, []string{sum})
				}
			})
		})
	}
	g.join(j, sum)
	first := w.both(g.inside, w.to(predicate, "setp.eq.u32", g.lane, 0))
	if chunks == 1 {
		w.op("%sst.global.%s [%s], %s", only(first), w.t(), w.at(place{slot: 0}, g.row), j.narrow(sum))
		return &Program{Text: module(w.text(g.block)), Kernels: []Kernel{{w.name, g.blocks(r.A), 1, g.block}}}
	}
	chunk := w.to(index, "mov.u32", "%ctaid.y")
	to := w.to(address, "mad.wide.u32", w.madd(g.row, chunks, chunk), 8, w.parameter(w.slots-1))
	w.op("%sst.global.%s [%s], %s", only(first), j.t(), to, sum)
	p := &Program{Kernels: []Kernel{{w.name, g.blocks(r.A), chunks, g.block}}, Scratch: []int{8 * r.A * chunks}}
	return p.finish(r, dt, chunks, w.text(g.block))
}

package emit

import (
	"fmt"

	"drift/kernels"
)

// reduceBlocks is enough blocks to fill a large GPU; a constant, so that sums are the same on all.
const reduceBlocks = 1024

// reduce writes a sum or a maximum.
func reduce(r kernels.Reduce, dt kernels.DType, memory Operands) *Program {
	if r.C == 1 {
		return reduceRows(r, dt, memory)
	}
	return reduceColumns(r, dt, memory)
}

// tile is the outputs of a block: ta by tx threads, each with `width` columns, and ty threads that share in the sums of each.
type tile struct {
	tx, ty, ta, width, units int
	across                   int // tiles beside each other
	share, chunks            int // of b
}

func tileOf(r kernels.Reduce, width, lanes int) tile {
	t := tile{width: width, units: lanes / width}
	t.tx = power(ceil(r.C, width), warp)
	t.ty = power(ceil(r.B, t.units), blockThreads/t.tx)
	t.ta = power(r.A, blockThreads/(t.tx*t.ty))
	for t.tx*t.ty*t.ta < warp {
		t.ta *= 2
	}
	t.across = ceil(r.C, t.tx*width)
	blocks := t.across * ceil(r.A, t.ta)
	t.chunks = max(1, min(ceil(reduceBlocks, blocks), ceil(r.B, 2*t.ty*t.units), reduceBlocks))
	t.share = max(1, ceil(r.B, t.chunks))
	t.chunks = max(1, ceil(r.B, t.share))
	return t
}

// reduceColumns writes the sums of columns.
func reduceColumns(r kernels.Reduce, dt kernels.DType, memory Operands) *Program {
	w := newWriter("reduce", dt, len(r.Map.Results)+len(r.Map.Access)+1)
	lanes := w.lanesOf(r.Map)
	t := tileOf(r, min(width(dt, r.C), lanes), lanes)
	threads := t.tx * t.ty * t.ta
	thread, block := w.to(index, "mov.u32", "%tid.x"), w.to(index, "mov.u32", "%ctaid.x")
	x, yz := w.modulo(thread, t.tx, threads), w.divide(thread, t.tx, threads)
	y, z := w.modulo(yz, t.ty, threads/t.tx), w.divide(yz, t.ty, threads/t.tx)
	blocks := t.across * ceil(r.A, t.ta)
	c := w.madd(w.madd(w.modulo(block, t.across, blocks), t.tx, x), t.width, "0")
	a := w.madd(w.divide(block, t.across, blocks), t.ta, z)
	inside := ""
	if r.C%(t.tx*t.width) != 0 {
		inside = w.to(predicate, "setp.lt.u32", c, r.C)
	}
	if r.A%t.ta != 0 {
		inside = w.both(inside, w.to(predicate, "setp.lt.u32", a, r.A))
	}
	j := sums{w, r.Max}
	totals := make([]string, t.width)
	for k := range totals {
		totals[k] = j.start()
	}
	out, in := operands(memory, len(r.Map.Results), len(r.Map.Access))
	if r.B > 0 {
		w.descend(r, t, a, y, c, inside, func(s *site) {
			w.evaluate(r.Map, s, in, func(k int, lanes []string) {
				if k > 0 {
					w.store(s, out[k], lanes)
				}
				if k == 0 {
					j.terms(s, lanes, totals)
				}
			})
		})
	}
	for _, sum := range totals {
		j.down(sum, x, y, z, t)
	}
	top := w.both(inside, w.to(predicate, "setp.eq.u32", y, 0))
	if t.chunks == 1 {
		for k, sum := range totals {
			w.op("%sst.global.%s [%s+%d], %s", only(top), w.t(), w.at(place{slot: 0}, w.madd(a, r.C, c)), k*w.size(), j.narrow(sum))
		}
		return &Program{Text: module(w.text(threads)), Kernels: []Kernel{{w.name, blocks, 1, threads}}}
	}
	part := w.madd(w.madd(a, t.chunks, w.to(index, "mov.u32", "%ctaid.y")), r.C, c)
	to := w.to(address, "mad.wide.u32", part, 8, w.parameter(w.slots-1))
	for k, sum := range totals {
		w.op("%sst.global.%s [%s+%d], %s", only(top), j.t(), to, 8*k, sum)
	}
	p := &Program{Kernels: []Kernel{{w.name, blocks, t.chunks, threads}}, Scratch: []int{8 * r.A * t.chunks * r.C}}
	return p.finish(r, dt, t.chunks, w.text(threads))
}

// descend writes what is done at each site of a thread's columns.
func (w *writer) descend(r kernels.Reduce, t tile, a, y, c, inside string, body func(*site)) {
	end := fmt.Sprint(r.B)
	first, step := y, t.ty*t.units
	if t.chunks > 1 {
		from := w.madd(w.to(index, "mov.u32", "%ctaid.y"), t.share, "0")
		first = w.madd(from, 1, y)
		end = w.to(index, "min.u32", w.to(index, "add.u32", from, t.share), r.B)
	}
	b := w.to(index, "mov.u32", first)
	rounds := ceil(t.share, step)
	k, again := "", w.label()
	if rounds > 1 {
		k = w.to(index, "mov.u32", 0)
		w.place(again)
	}
	var units []unit
	for u := range t.units {
		at := w.madd(b, 1, fmt.Sprint(u*t.ty))
		q := inside
		if r.B%(step*rounds*t.chunks) != 0 || t.share != step*rounds {
			q = w.both(inside, w.to(predicate, "setp.lt.u32", at, end))
		}
		i := w.madd(w.madd(a, r.B, at), r.C, c)
		if q != "" {
			i = w.to(index, "selp.b32", i, 0, q)
		}
		units = append(units, unit{index: i, row: i, inside: q})
	}
	body(newSite(t.width, units))
	if rounds > 1 {
		w.op("add.u32 %s, %[1]s, %d", b, step)
		w.op("add.u32 %s, %[1]s, 1", k)
		w.op("@%s bra.uni %s", w.to(predicate, "setp.lt.u32", k, rounds), again)
	}
}

// down joins the totals of the ty threads of each column into the first of them.
func (j sums) down(sum, x, y, z string, t tile) {
	if t.ty == 1 {
		return
	}
	threads := t.tx * t.ty * t.ta
	j.shared[joined] = max(j.shared[joined], 8*threads)
	column := j.madd(j.madd(z, t.ty, y), t.tx, x)
	own := j.madd(column, j.bytes(), j.to(index, "mov.u32", joined))
	j.op("bar.sync 0") // what was joined before has been read
	j.op("st.shared.%s [%s], %s", j.t(), own, sum)
	for half := t.ty / 2; half > 0; half /= 2 {
		j.op("bar.sync 0")
		q := j.to(predicate, "setp.lt.u32", y, half)
		other := j.new(j.kind())
		j.op("mov.%s %s, %s", j.t(), other, j.neutral())
		j.op("@%s ld.shared.%s %s, [%s+%d]", q, j.t(), other, own, half*t.tx*j.bytes())
		j.into(sum, other)
		j.op("@%s st.shared.%s [%s], %s", q, j.t(), own, sum)
	}
}

// finish adds the kernel that joins the chunks, a warp for each output.
func (p *Program) finish(r kernels.Reduce, dt kernels.DType, chunks int, first string) *Program {
	w := newWriter("join", dt, len(r.Map.Results)+len(r.Map.Access)+1)
	j := sums{w, r.Max}
	outputs := r.A * r.C
	threads := warp * power(outputs, blockThreads/warp)
	thread := w.to(index, "mov.u32", "%tid.x")
	lane := w.to(index, "and.b32", thread, warp-1)
	o := w.madd(w.to(index, "mov.u32", "%ctaid.x"), threads/warp, w.to(index, "shr.u32", thread, 5))
	inside := ""
	if outputs%(threads/warp) != 0 {
		inside = w.to(predicate, "setp.lt.u32", o, outputs)
		o = w.to(index, "selp.b32", o, 0, inside)
	}
	a, c := w.divide(o, r.C, outputs), w.modulo(o, r.C, outputs)
	sum := j.start()
	from := w.parameter(w.slots - 1)
	for k := 0; k < chunks; k += warp {
		chunk := w.to(index, "add.u32", lane, k)
		q := ""
		if k+warp > chunks {
			q = w.to(predicate, "setp.lt.u32", chunk, chunks)
			chunk = w.to(index, "selp.b32", chunk, 0, q)
		}
		part := w.new(j.kind())
		w.op("ld.global.%s %s, [%s]", j.t(), part, w.to(address, "mad.wide.u32", w.madd(w.madd(a, chunks, chunk), r.C, c), 8, from))
		if q != "" {
			part = w.to(j.kind(), "selp."+j.t(), part, j.neutral(), q)
		}
		j.into(sum, part)
	}
	j.among(sum, warp)
	top := w.both(inside, w.to(predicate, "setp.eq.u32", lane, 0))
	w.op("%sst.global.%s [%s], %s", only(top), w.t(), w.at(place{slot: 0}, o), j.narrow(sum))
	p.Text = module(first, w.text(threads))
	p.Kernels = append(p.Kernels, Kernel{w.name, ceil(outputs, threads/warp), 1, threads})
	return p
}

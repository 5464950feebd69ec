package gemm

import "time"

// slab is what is packed at once: strips [row, rowEnd) of A and [col, colEnd) of B, elements [from, to) of k. The strips are height
// rows from top on, and width columns from left on.
type slab struct {
	row, rowEnd, col, colEnd, from, to int
	top, height, left, width           int
}

// block is count elements of a slab's depth.
type block struct {
	slab
	depth, count int
}

// work takes part in the job until its units are used up.
func (j *job[T]) work() {
	t := progress{unit: j.next.Add(1) - 1}
	if j.pool != nil {
		t.start = time.Now()
	}
	for col := 0; col < j.columns; col += j.blockCols {
		for from := 0; from < j.k; from += j.plan.slab {
			for row := 0; row < j.strips; row += j.blockRows {
				j.process(&t, j.cover(slab{row: row, rowEnd: min(row+j.blockRows, j.strips), col: col, colEnd: min(col+j.blockCols, j.columns),
					from: from, to: min(from+j.plan.slab, j.k)}))
			}
		}
	}
}

// cover completes a slab given its strips.
func (j *job[T]) cover(s slab) slab {
	last, height := j.rows(s.rowEnd - 1)
	s.top, _ = j.rows(s.row)
	s.height = last + height - s.top
	last, width := j.cols(s.colEnd - 1)
	s.left, _ = j.cols(s.col)
	s.width = last + width - s.left
	return s
}

// process packs a slab and computes with it.
func (j *job[T]) process(t *progress, s slab) {
	blocks, groupsA, groupsB := ceil(s.to-s.from, j.depth), ceil(s.rowEnd-s.row, j.groupA), ceil(s.colEnd-s.col, j.groupB)
	if j.directA || j.packedA {
		groupsA = 0
	}
	if j.directB || s.row > 0 { // B has been packed for the rows before
		groupsB = 0
	}
	j.stage(t, blocks*(groupsA+groupsB), func(u int) {
		b, u := j.block(s, u/(groupsA+groupsB)), u%(groupsA+groupsB)
		if u < groupsA {
			j.packRows(b, s.row+u*j.groupA)
		} else {
			j.packCols(b, s.col+(u-groupsA)*j.groupB)
		}
	})
	rowUnits := ceil(s.rowEnd-s.row, j.unitRows)
	j.stage(t, rowUnits*ceil(s.colEnd-s.col, j.unitCols), func(u int) {
		row, col := s.row+u%rowUnits*j.unitRows, s.col+u/rowUnits*j.unitCols
		for i := range blocks {
			j.multiply(j.block(s, i), row, min(row+j.unitRows, s.rowEnd), col, min(col+j.unitCols, s.colEnd))
		}
	})
}

func (j *job[T]) block(s slab, i int) block {
	depth := s.from + i*j.depth
	return block{s, depth, min(j.depth, s.to-depth)}
}

func (j *job[T]) packRows(b block, s int) {
	end := min(s+j.groupA, b.rowEnd)
	for s < end {
		from, height := j.rows(s)
		dst, alike := j.blockA[b.atA(from):], min(end, j.alikeRows(s))-s
		if j.a.Pack == nil && j.a.Trans && j.spread(dst, &j.a, from, height, alike, b) {
			s += alike
			continue
		}
		j.packA(dst[:height*b.count], s, b.depth)
		s++
	}
}

func (j *job[T]) packCols(b block, s int) {
	end := min(s+j.groupB, b.colEnd)
	for s < end {
		from, width := j.cols(s)
		dst, alike := j.blockB[b.atB(from):], min(end, j.alikeCols())-s
		if j.b.Pack == nil && !j.b.Trans && !j.dot && j.spread(dst, &j.b, from, width, alike, b) {
			s += alike
			continue
		}
		j.packB(dst[:width*b.count], s, b.depth)
		s++
	}
}

// atA is where the strip that begins with a row lies among the packed ones: behind the blocks before and the strips before.
func (b *block) atA(row int) int { return (b.depth-b.from)*b.height + (row-b.top)*b.count }

func (b *block) atB(col int) int { return (b.depth-b.from)*b.width + (col-b.left)*b.count }

// multiply computes the tiles of strips [row, rowEnd) of A and [col, colEnd) of B. A strip of A stays in L1 while those of B pass by.
func (j *job[T]) multiply(b block, row, rowEnd, col, colEnd int) {
	beta := j.beta
	if b.depth > 0 {
		beta = 1
	}
	c, tile := j.c[j.item*j.strideC:], j.kernel.tile
	if j.inRows {
		tile = j.kernel.rows
	}
	for s := row; s < rowEnd; s++ {
		i, height := j.rows(s)
		a, as := j.left(&b, i, height)
		for s := col + j.sweep(&b, i, height, col, colEnd, beta); s < colEnd; s++ {
			k, width := j.cols(s)
			if j.lower && k >= i+height {
				break
			}
			x, bs := j.right(&b, k, width)
			if j.dot {
				j.kernel.dot(b.count, a, as, x, bs, &c[i*j.ldc+k], j.ldc, height, width, j.alpha, beta)
				j.ask(j.share)
				continue
			}
			ahead, step := a, 1
			if len(j.ahead) > 0 {
				_, ahead, step, _ = j.alongTiles(b.count, 1, a)
			}
			tile(b.count, a, as, x, bs, &c[i*j.ldc+k], j.ldc, height, width, j.alpha, beta, ahead, step)
		}
	}
}

// sweep computes the whole tiles of a strip of A with strips of B from one on, and returns how many these are: none where the kernel has no
// sweeps. It asks for what the job looks ahead to, and else for the rows of A below, which the next sweeps read.
func (j *job[T]) sweep(b *block, row, height, from, to int, beta T) int {
	sweep := j.kernel.sweep
	if j.inRows {
		sweep = j.kernel.sweepRows
	}
	if j.lower {
		to = min(to, ceil(row+height, j.tileCols))
	}
	to = min(to, j.n/j.tileCols)
	if sweep == nil || j.dot || to <= from {
		return 0
	}
	a, as := j.left(b, row, height)
	next := b.count * j.tileCols
	if j.directB {
		next = j.tileCols
	}
	for s := from; s < to; {
		x, bs := j.right(b, s*j.tileCols, j.tileCols)
		tiles, ahead, step, skip := to-s, a, 1, 0
		if len(j.ahead) > 0 {
			tiles, ahead, step, skip = j.alongTiles(b.count, tiles, a)
		} else if j.inRows && row+height < j.m {
			ahead, step, skip = j.inPlace(&j.a, row+height, b.depth, true), lineBytes/inLine[T](), j.a.LD
		}
		sweep(b.count, a, as, x, bs, next, &j.c[j.item*j.strideC+row*j.ldc+s*j.tileCols], j.ldc, height, tiles, j.alpha, beta, ahead, step, skip)
		s += tiles
	}
	return to - from
}

// left is where a strip of A lies and how far apart its lines begin: lines across k, or along k for dot products.
func (j *job[T]) left(b *block, row, height int) (*T, int) {
	if j.directA {
		return j.inPlace(&j.a, row, b.depth, j.dot || j.inRows), j.a.LD
	}
	return &j.blockA[b.atA(row)], height
}

// right is left for B.
func (j *job[T]) right(b *block, col, width int) (*T, int) {
	switch {
	case j.directB:
		return j.inPlace(&j.b, col, b.depth, j.dot), j.b.LD
	case j.dot:
		width = b.count
	}
	return &j.blockB[b.atB(col)], width
}

// inPlace is where a strip lies that is not copied. Along says that depth runs along the lines in memory, else across them.
func (j *job[T]) inPlace(x *Matrix[T], from, depth int, along bool) *T {
	if along {
		return &x.Data[j.item*x.Stride+from*x.LD+depth]
	}
	return &x.Data[j.item*x.Stride+depth*x.LD+from]
}

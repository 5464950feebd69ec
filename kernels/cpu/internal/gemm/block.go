package gemm

import (
	"time"
	"unsafe"
)

// plan is how a product is cut up. Of its numbers, only depth has an influence on the result.
type plan struct {
	dot                  bool // by the kernel for narrow products
	tileRows, tileCols   int  // of the micro-kernel
	strips, columns      int  // strips of A and of B in the whole product
	directA, directB     bool // strips are read where they lie, which may be with a large stride
	depth                int  // of a block in k: of the strips that the micro-kernel is given
	slab                 int  // elements in k that are packed at once, whole blocks
	blockRows, blockCols int  // strips of A and of B that are packed at once
	groupA, groupB       int  // strips in a unit of packing
	unitRows, unitCols   int  // strips of A and of B in a unit of computing
}

const (
	blockWidth  = 4096      // rows of A, columns of B packed at once
	cachePacked = 8 << 20   // bytes in a slab: a part of L3
	cacheB      = 384 << 10 // bytes of B that a unit goes through once for every strip of A: less than half of L2
	packUnit    = 16 << 10  // elements packed in a unit
	leastUnit   = 256 << 10 // floating-point operations worth a unit of computing
	mostUnit    = 16 << 20
)

// cut plans the product for so many threads.
func (p *product[T]) cut(threads int) plan {
	kern := p.kernel
	c := plan{dot: p.narrow(), tileRows: kern.maxRows, tileCols: kern.maxCols, depth: kern.depth}
	if c.dot {
		c.tileRows, c.tileCols, c.depth = kern.dotRows, kern.dotCols, kern.dotDepth
	}
	c.strips, c.columns = ceil(p.m, c.tileRows), ceil(p.n, c.tileCols)
	c.directA = c.dot || p.a.Pack == nil && p.a.Trans && c.columns == 1
	c.directB = p.b.Pack == nil && (c.dot && p.b.Trans || !c.dot && !p.b.Trans && c.strips == 1)
	c.depth = ceil(p.k, ceil(p.k, c.depth))
	c.blockRows = min(c.strips, blockWidth/c.tileRows)
	c.blockCols = min(c.columns, blockWidth/c.tileCols)
	c.groupA = max(1, packUnit/(c.depth*c.tileRows))
	c.groupB = max(1, packUnit/(c.depth*c.tileCols))
	var t T
	size := int(unsafe.Sizeof(t))
	c.slab = c.depth * p.blocks(c, size)
	c.unitCols = max(1, min(c.blockCols, cacheB/(c.depth*c.tileCols*size)))
	depth := min(p.k, c.slab)
	tile := 2 * min(p.m, c.tileRows) * min(p.n, c.tileCols) * depth
	work := max(leastUnit, min(2*p.m*p.n*depth/(8*threads), mostUnit))
	c.unitRows = max(1, work/(tile*c.unitCols))
	if c.strips < 4*threads {
		c.unitCols = max(1, min(c.unitCols, work/tile))
	}
	return c
}

// blocks is how many blocks in k are packed before they are computed with: as many as the cache takes, because all workers wait for
// each other in between.
func (p *product[T]) blocks(c plan, size int) int {
	lines := 0
	if !c.directA {
		lines += min(p.m, c.blockRows*c.tileRows)
	}
	if !c.directB {
		lines += min(p.n, c.blockCols*c.tileCols)
	}
	all := ceil(p.k, c.depth)
	if lines == 0 {
		return all
	}
	return max(1, min(all, cachePacked/(lines*c.depth*size)))
}

// slab is what is packed at once: strips [row, rowEnd) of A and [col, colEnd) of B, elements [from, to) of k.
type slab struct{ row, rowEnd, col, colEnd, from, to int }

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
				j.process(&t, slab{row, min(row+j.blockRows, j.strips), col, min(col+j.blockCols, j.columns), from, min(from+j.plan.slab, j.k)})
			}
		}
	}
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
	for end := min(s+j.groupA, b.rowEnd); s < end; s++ {
		_, height := j.rows(s)
		j.packA(j.blockA[j.atA(b, s):][:height*b.count], s, b.depth)
	}
}

func (j *job[T]) packCols(b block, s int) {
	for end := min(s+j.groupB, b.colEnd); s < end; s++ {
		_, width := j.cols(s)
		j.packB(j.blockB[j.atB(b, s):][:width*b.count], s, b.depth)
	}
}

// atA is where strip s of a block lies among the packed ones: behind the blocks before and the strips before.
func (j *job[T]) atA(b block, s int) int {
	first, _ := j.rows(b.row)
	end, _ := j.rows(b.rowEnd)
	from, _ := j.rows(s)
	return (b.depth-b.from)*(end-first) + (from-first)*b.count
}

func (j *job[T]) atB(b block, s int) int {
	first, _ := j.cols(b.col)
	last, width := j.cols(b.colEnd - 1)
	from, _ := j.cols(s)
	return (b.depth-b.from)*(last+width-first) + (from-first)*b.count
}

// multiply computes the tiles of strips [row, rowEnd) of A and [col, colEnd) of B. A strip of A stays in L1 while those of B pass by.
func (j *job[T]) multiply(b block, row, rowEnd, col, colEnd int) {
	beta := j.beta
	if b.depth > 0 {
		beta = 1
	}
	tile := j.kernel.tile
	if j.dot {
		tile = j.kernel.dot
	}
	c := j.c[j.item*j.strideC:]
	for s := row; s < rowEnd; s++ {
		i, height := j.rows(s)
		a, as := j.left(b, s)
		for s := col; s < colEnd; s++ {
			k, width := j.cols(s)
			x, bs := j.right(b, s)
			tile(b.count, a, as, x, bs, &c[i*j.ldc+k], j.ldc, height, width, j.alpha, beta)
		}
	}
}

// left is where strip s of A lies and how far apart its lines begin: lines across k, or along k for dot products.
func (j *job[T]) left(b block, s int) (*T, int) {
	from, height := j.rows(s)
	if j.directA {
		return j.inPlace(&j.a, from, b.depth), j.a.LD
	}
	return &j.blockA[j.atA(b, s)], height
}

// right is left for B.
func (j *job[T]) right(b block, s int) (*T, int) {
	from, width := j.cols(s)
	switch {
	case j.directB:
		return j.inPlace(&j.b, from, b.depth), j.b.LD
	case j.dot:
		width = b.count
	}
	return &j.blockB[j.atB(b, s)], width
}

func (j *job[T]) inPlace(x *Matrix[T], from, depth int) *T {
	if j.dot {
		return &x.Data[j.item*x.Stride+from*x.LD+depth]
	}
	return &x.Data[j.item*x.Stride+depth*x.LD+from]
}

package gemm

import "unsafe"

// plan is how a product is cut up. Of its numbers, only depth has an influence on the result.
type plan struct {
	dot                  bool // by the kernel for narrow products
	tileRows, tileCols   int  // of the micro-kernel
	strips, columns      int  // strips of A and of B in the whole product
	directA, directB     bool // strips are read where they lie, which may be with a large stride
	depth                int  // of a block in k
	blockRows, blockCols int  // strips in a packed block of A and of B
	groupA, groupB       int  // strips in a unit of packing
	unitRows, unitCols   int  // strips of A and of B in a unit of computing
}

const (
	blockWidth = 4096      // rows of A, columns of B in a packed block
	cacheB     = 384 << 10 // bytes of B that a unit goes through once for every strip of A: less than half of L2
	packUnit   = 16 << 10  // elements packed in a unit
	leastUnit  = 256 << 10 // floating-point operations worth a unit of computing
	mostUnit   = 8 << 20
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
	c.unitCols = max(1, min(c.blockCols, cacheB/(c.depth*c.tileCols*int(unsafe.Sizeof(t)))))
	height, width := min(p.m, c.tileRows), min(p.n, c.tileCols)
	work := 2 * p.m * p.n * c.depth / (8 * threads)
	work = max(leastUnit, min(work, mostUnit))
	c.unitRows = max(1, work/(2*height*width*c.depth*c.unitCols))
	if c.strips < 4*threads {
		c.unitCols = max(1, min(c.unitCols, work/(2*height*width*c.depth)))
	}
	return c
}

// block is the part of a product between two packings: strips [row, rowEnd) of A, [col, colEnd) of B, count elements from depth on.
type block struct{ row, rowEnd, col, colEnd, depth, count int }

// work takes part in the job until its units are used up.
func (j *job[T]) work() {
	t := progress{unit: j.next.Add(1) - 1}
	for col := 0; col < j.columns; col += j.blockCols {
		for depth := 0; depth < j.k; depth += j.plan.depth {
			for row := 0; row < j.strips; row += j.blockRows {
				j.block(&t, block{row, min(row+j.blockRows, j.strips), col, min(col+j.blockCols, j.columns), depth, min(j.plan.depth, j.k-depth)})
			}
		}
	}
}

func (j *job[T]) block(t *progress, b block) {
	unitsA, unitsB := ceil(b.rowEnd-b.row, j.groupA), ceil(b.colEnd-b.col, j.groupB)
	if j.directA || j.packedA {
		unitsA = 0
	}
	if j.directB || b.row > 0 { // B has been packed for the rows before
		unitsB = 0
	}
	j.stage(t, unitsA+unitsB, func(u int) {
		if u < unitsA {
			j.packRows(b, b.row+u*j.groupA)
		} else {
			j.packCols(b, b.col+(u-unitsA)*j.groupB)
		}
	})
	rowUnits := ceil(b.rowEnd-b.row, j.unitRows)
	j.stage(t, rowUnits*ceil(b.colEnd-b.col, j.unitCols), func(u int) {
		row, col := b.row+u%rowUnits*j.unitRows, b.col+u/rowUnits*j.unitCols
		j.multiply(b, row, min(row+j.unitRows, b.rowEnd), col, min(col+j.unitCols, b.colEnd))
	})
}

func (j *job[T]) packRows(b block, s int) {
	first, _ := j.rows(b.row)
	for end := min(s+j.groupA, b.rowEnd); s < end; s++ {
		from, height := j.rows(s)
		j.packA(j.blockA[(from-first)*b.count:][:height*b.count], s, b.depth)
	}
}

func (j *job[T]) packCols(b block, s int) {
	first, _ := j.cols(b.col)
	for end := min(s+j.groupB, b.colEnd); s < end; s++ {
		from, width := j.cols(s)
		j.packB(j.blockB[(from-first)*b.count:][:width*b.count], s, b.depth)
	}
}

// multiply computes the tiles of strips [row, rowEnd) of A and [col, colEnd) of B. A strip of A stays in L1 while those of B pass by.
func (j *job[T]) multiply(b block, row, rowEnd, col, colEnd int) {
	firstRow, _ := j.rows(b.row)
	firstCol, _ := j.cols(b.col)
	beta := j.beta
	if b.depth > 0 {
		beta = 1
	}
	tile := j.kernel.tile
	if j.dot {
		tile = j.kernel.dot
	}
	c := j.c[j.item*j.strideC:]
	for r := row; r < rowEnd; r++ {
		i, height := j.rows(r)
		a, as := j.strip(j.directA, &j.a, j.blockA, i, firstRow, height, b)
		for s := col; s < colEnd; s++ {
			k, width := j.cols(s)
			x, bs := j.strip(j.directB, &j.b, j.blockB, k, firstCol, width, b)
			tile(b.count, a, as, x, bs, &c[i*j.ldc+k], j.ldc, height, width, j.alpha, beta)
		}
	}
}

// strip is where a strip lies and how far apart its lines begin: lines of width elements across k, or along k for dot products.
func (j *job[T]) strip(direct bool, x *Matrix[T], packed []T, from, first, width int, b block) (*T, int) {
	switch {
	case direct && j.dot:
		return &x.Data[j.item*x.Stride+from*x.LD+b.depth], x.LD
	case direct:
		return &x.Data[j.item*x.Stride+b.depth*x.LD+from], x.LD
	case j.dot:
		width = b.count
	}
	return &packed[(from-first)*b.count], width
}

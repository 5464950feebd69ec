package gemm

import "unsafe"

// plan is how a product is cut up. Of its numbers, only depth has an influence on the result.
type plan struct {
	dot                  bool // by the kernel for narrow products
	inRows               bool // A is read in rows, where it lies
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
	smallOperand = 16 << 10  // bytes of an operand that is not copied, as it stays in L1 where it lies
	fewStrips    = 5         // of A, for which B is not copied if its lines are close together
	closeLines   = 64 << 10  // elements from the first line of a block to the last: a part of L2
	blockWidth   = 1024      // rows of A, columns of B packed at once
	cachePacked  = 8 << 20   // bytes in a slab: a part of L3
	cacheB       = 384 << 10 // bytes of B that a unit goes through once for every strip of A: less than half of L2
	packUnit     = 16 << 10  // elements packed in a unit
	aloneSlab    = 1 << 20   // bytes in a slab of one thread where the kernel reads A in rows: packed just before it is used
	aloneB       = 256 << 10 // bytes of B packed at once then, if A is not packed: half of L2
	leastUnit    = 256 << 10 // floating-point operations worth a unit of computing
	mostUnit     = 16 << 20
)

// cut plans the product for a number of threads.
func (p *product[T]) cut(threads int) plan {
	kern := p.kernel
	c := plan{dot: p.narrow(), tileRows: kern.maxRows, tileCols: kern.maxCols, depth: kern.depth}
	if c.dot {
		c.tileRows, c.tileCols, c.depth = kern.dotRows, kern.dotCols, kern.dotDepth
	}
	c.strips, c.columns = ceil(p.m, c.tileRows), ceil(p.n, c.tileCols)
	c.inRows = !c.dot && kern.rows != nil && p.a.Pack == nil && !p.a.Trans && (p.n < fewColumns || !p.a.collides())
	var t T
	size := int(unsafe.Sizeof(t))
	c.directA = c.dot || c.inRows || p.a.Pack == nil && p.a.Trans && (c.columns == 1 || p.a.LD*p.k*size <= smallOperand)
	c.directB = p.b.Pack == nil && (c.dot && p.b.Trans || !c.dot && !p.b.Trans &&
		(c.strips == 1 || c.strips <= fewStrips && p.b.LD*min(p.k, c.depth) <= closeLines || p.b.LD*p.k*size <= smallOperand))
	c.depth = ceil(p.k, ceil(p.k, c.depth))
	c.blockRows = min(c.strips, blockWidth/c.tileRows)
	c.blockCols = min(c.columns, blockWidth/c.tileCols)
	packed := cachePacked
	if threads == 1 && kern.rows != nil && !c.dot {
		packed = aloneSlab
		if c.directA {
			c.blockCols = min(c.columns, max(1, aloneB/(c.depth*c.tileCols*size)))
		}
	}
	c.groupA = max(1, packUnit/(c.depth*c.tileRows))
	c.groupB = max(1, packUnit/(c.depth*c.tileCols))
	c.slab = c.depth * p.blocks(c, packed/size)
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

// blocks is how many blocks in k are packed before they are computed with: those of some elements, because all workers wait for
// each other in between.
func (p *product[T]) blocks(c plan, elements int) int {
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
	return max(1, min(all, elements/(lines*c.depth)))
}

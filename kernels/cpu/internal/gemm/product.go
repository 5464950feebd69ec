package gemm

import "drift/kernels"

// product is one product, or a batch of them of which item is the current one.
type product[T kernels.Float] struct {
	kernel       *kernel[T]
	m, n, k      int
	alpha, beta  T
	a, b         Matrix[T]
	c            []T
	ldc, strideC int
	item         int
	lower        bool // tiles that lie above the diagonal are left out
}

// turn makes a single column a single row: Cᵀ = op(B)ᵀ·op(A)ᵀ, which is the same memory. A vector of adjacent elements becomes a
// matrix of one row.
func (p *product[T]) turn() {
	if p.n == 1 && p.m > 1 && p.ldc == 1 {
		p.m, p.n, p.ldc = 1, p.m, p.m
		p.a, p.b = p.b, p.a
		p.a.Trans, p.b.Trans = !p.a.Trans, !p.b.Trans
	}
	if p.m == 1 && p.a.Trans && p.a.LD == 1 {
		p.a.Trans, p.a.LD = false, p.k
	}
}

// narrow says that the kernel for narrow products serves the product. (With many columns, B in the other order is best read where it lies.)
func (p *product[T]) narrow() bool {
	if p.a.Pack != nil || p.b.Pack != nil || p.a.Trans {
		return false
	}
	return Narrow[T](p.n, p.k) || p.b.Trans && Narrow[T](p.m, p.k) && (p.m <= fewRows || !p.b.collides())
}

// fewRows is what a narrow product may have where the lines of B share few sets of the first-level cache: for more it pays to copy B.
const fewRows = 32

// fewColumns of B are too few for a copy of A to pay, also where its rows share few sets.
const fewColumns = 256

// collides says that lines begin at multiples of half a page, so that they share few sets of the first-level cache.
func (x *Matrix[T]) collides() bool { return x.LD*lineBytes/inLine[T]()%(2<<10) == 0 }

// Narrow reports whether sums of k products, width of them for each row or column, are best computed by vectors along k, for which A in
// rows and B in columns (Trans) are read where they lie. Adding up the lanes costs as much as some tens of products, so the longer the
// sums, the wider a narrow product may be.
func Narrow[T kernels.Float](width, k int) bool {
	limit := 0
	switch {
	case k >= 512:
		limit = 64
	case k >= 48:
		limit = 16
	}
	return width <= limit && active[T]().dot != nil
}

// split is the start of part i of n things shared out evenly among parts: the first ones get one more where they must.
func split(n, parts, i int) int { return n/parts*i + min(n%parts, i) }

func ceil(n, unit int) int { return (n + unit - 1) / unit }

// rows are the rows of strip s of A. Heights differ by one at most, so that no tile is left with a row or two.
func (j *job[T]) rows(s int) (from, height int) {
	from = split(j.m, j.strips, s)
	return from, split(j.m, j.strips, s+1) - from
}

// cols are the columns of strip s of B: whole vectors where these run along the columns.
func (j *job[T]) cols(s int) (from, width int) {
	if j.dot {
		from = split(j.n, j.columns, s)
		return from, split(j.n, j.columns, s+1) - from
	}
	from = s * j.tileCols
	return from, min(j.tileCols, j.n-from)
}

// alikeRows is the end of the strips of A from s on that are as high as s.
func (j *job[T]) alikeRows(s int) int {
	if tall := j.m % j.strips; s < tall {
		return tall
	}
	return j.strips
}

// alikeCols is the end of the strips of B of full width.
func (j *job[T]) alikeCols() int { return j.n / j.tileCols }

// spread packs some strips of x of the same width, line by line for all of them, and reports whether there is a kernel for it. Strip by strip, lines that
// lie a multiple of a page apart would displace each other from the first-level cache before the next strip comes to them.
func (j *job[T]) spread(dst []T, x *Matrix[T], from, width, strips int, b block) bool {
	if j.kernel.spread == nil || 4*width <= inLine[T]() || strips < 2 {
		return false
	}
	src, stride, last := x.Data[j.item*x.Stride+b.depth*x.LD+from:], b.count*width, b.count-1
	if last > 0 {
		j.kernel.spread(&dst[0], &src[0], last, width, x.LD, strips, stride)
	}
	for s := range strips { // the last line, behind which nothing may be read or written
		j.kernel.lines(&dst[s*stride+last*width], &src[last*x.LD+s*width], 1, width, x.LD)
	}
	return true
}

// packA fills dst with strip s of A, elements depth … depth+len(dst)/height of every row.
func (j *job[T]) packA(dst []T, s, depth int) {
	from, height := j.rows(s)
	if j.a.Pack != nil {
		j.a.Pack(dst, j.item, from, height, depth)
		return
	}
	j.copy(dst, &j.a, from, height, depth, !j.a.Trans)
}

// packB fills dst with strip s of B. For dot products the columns lie one behind the other, each in one run.
func (j *job[T]) packB(dst []T, s, depth int) {
	from, width := j.cols(s)
	switch {
	case j.dot:
		j.kernel.transpose(&dst[0], &j.b.Data[j.item*j.b.Stride+depth*j.b.LD+from], width, len(dst)/width, j.b.LD, len(dst)/width)
	case j.b.Pack != nil:
		j.b.Pack(dst, j.item, from, width, depth)
	default:
		j.copy(dst, &j.b, from, width, depth, j.b.Trans)
	}
}

// copy packs a strip of x. Along says that depth runs along the lines in memory, else across them.
func (j *job[T]) copy(dst []T, x *Matrix[T], from, width, depth int, along bool) {
	count := len(dst) / width
	switch {
	case !along:
		j.kernel.lines(&dst[0], &x.Data[j.item*x.Stride+depth*x.LD+from], count, width, x.LD)
	case width < 4:
		transposePortable(&dst[0], &x.Data[j.item*x.Stride+from*x.LD+depth], count, width, x.LD, width)
	default:
		j.kernel.transpose(&dst[0], &x.Data[j.item*x.Stride+from*x.LD+depth], count, width, x.LD, width)
	}
}

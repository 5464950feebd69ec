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
}

// split is the start of part i of n things shared out evenly among parts.
func split(n, parts, i int) int { return n * i / parts }

func ceil(n, unit int) int { return (n + unit - 1) / unit }

// rowStrips is the number of strips of A. Their heights differ by one at most, so that no tile is left with a row or two.
func (p *product[T]) rowStrips() int { return ceil(p.m, p.kernel.maxRows) }
func (p *product[T]) colStrips() int { return ceil(p.n, p.kernel.maxCols) }

// rows are the rows of strip s of A.
func (p *product[T]) rows(s int) (from, height int) {
	from = split(p.m, p.rowStrips(), s)
	return from, split(p.m, p.rowStrips(), s+1) - from
}

// cols are the columns of strip s of B.
func (p *product[T]) cols(s int) (from, width int) {
	from = s * p.kernel.maxCols
	return from, min(p.kernel.maxCols, p.n-from)
}

// packA fills dst with strip s of A, elements depth … depth+len(dst)/height of every row.
func (p *product[T]) packA(dst []T, s, depth int) {
	from, height := p.rows(s)
	if p.a.Pack != nil {
		p.a.Pack(dst, p.item, from, height, depth)
		return
	}
	p.copy(dst, &p.a, from, height, depth, !p.a.Trans)
}

// packB fills dst with strip s of B.
func (p *product[T]) packB(dst []T, s, depth int) {
	from, width := p.cols(s)
	if p.b.Pack != nil {
		p.b.Pack(dst, p.item, from, width, depth)
		return
	}
	p.copy(dst, &p.b, from, width, depth, p.b.Trans)
}

// copy packs a strip of x. Along says that depth runs along the lines in memory, else across them.
func (p *product[T]) copy(dst []T, x *Matrix[T], from, width, depth int, along bool) {
	count := len(dst) / width
	switch {
	case !along:
		p.kernel.lines(&dst[0], &x.Data[p.item*x.Stride+depth*x.LD+from], count, width, x.LD)
	case width < 4:
		transposePortable(&dst[0], &x.Data[p.item*x.Stride+from*x.LD+depth], count, width, x.LD)
	default:
		p.kernel.transpose(&dst[0], &x.Data[p.item*x.Stride+from*x.LD+depth], count, width, x.LD)
	}
}

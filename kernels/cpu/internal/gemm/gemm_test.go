package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
	"drift/kernels/cpu/internal/pool"
)

// atEveryLevel runs f with every instruction set of this machine.
func atEveryLevel(t *testing.T, f func(t *testing.T)) {
	for l := level.Portable; l <= level.Best(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer level.Set(level.Set(l))
			f(t)
		})
	}
}

// operand is a matrix with slack: rows are ld elements apart, the slice begins at an odd place and ends with the last element.
func operand[T kernels.Float](r *rand.Rand, batch, rows, cols int, trans bool) Matrix[T] {
	if trans {
		rows, cols = cols, rows
	}
	x := Matrix[T]{LD: cols + r.IntN(4), Trans: trans}
	x.Stride = rows*x.LD + r.IntN(5)
	x.Data = make([]T, 1+max(0, (batch-1)*x.Stride+(rows-1)*x.LD+cols))[1:]
	for i := range x.Data {
		x.Data[i] = T(r.NormFloat64())
	}
	return x
}

func (x *Matrix[T]) at(q, i, j int) float64 {
	if x.Trans {
		i, j = j, i
	}
	return float64(x.Data[q*x.Stride+i*x.LD+j])
}

// dense are the lines along k of item q: rows of A, or columns of B.
func (x *Matrix[T]) dense(q, lines, k int, isB bool) []float64 {
	d := make([]float64, 0, lines*k)
	for i := range lines {
		for p := range k {
			if isB {
				d = append(d, x.at(q, p, i))
			} else {
				d = append(d, x.at(q, i, p))
			}
		}
	}
	return d
}

// pack makes a PackFunc that reads the matrix; of says which operand it is.
func (x Matrix[T]) pack(isB bool) Matrix[T] {
	return Matrix[T]{Pack: func(dst []T, q, first, width, depth int) {
		for e := range dst {
			p, i := depth+e/width, first+e%width
			if isB {
				dst[e] = T(x.at(q, p, i))
			} else {
				dst[e] = T(x.at(q, i, p))
			}
		}
	}}
}

// check compares a product with sums in float64. The error of a sum of k products is at most k·ε·Σ|a·b|, and about √k of that.
func check[T kernels.Float](t *testing.T, p *pool.Pool, r *rand.Rand, batch, m, n, k int, transA, transB, packed bool, alpha, beta T) {
	t.Helper()
	a, b, c := operand[T](r, batch, m, k, transA), operand[T](r, batch, k, n, transB), operand[T](r, batch, m, n, false)
	before := append([]T(nil), c.Data...)
	x, y := a, b
	if packed {
		x, y = a.pack(false), b.pack(true)
	}
	if beta == 0 {
		for i := range c.Data {
			c.Data[i] = T(math.NaN())
		}
	}
	Batched(p, batch, m, n, k, alpha, x, y, beta, c.Data, c.LD, c.Stride)
	eps := 0x1p-23
	if _, ok := any(alpha).(float64); ok {
		eps = 0x1p-52
	}
	inside := make([]bool, len(c.Data))
	for q := range batch {
		rows, cols := a.dense(q, m, k, false), b.dense(q, n, k, true)
		for i := range m {
			for j := range n {
				e := q*c.Stride + i*c.LD + j
				inside[e] = true
				want, scale := float64(beta)*float64(before[e]), math.Abs(float64(beta)*float64(before[e]))
				col := cols[j*k:][:k]
				for p, v := range rows[i*k:][:k] {
					v *= float64(alpha) * col[p]
					want, scale = want+v, scale+math.Abs(v)
				}
				if got := float64(c.Data[e]); !(math.Abs(got-want) <= (4+2*math.Sqrt(float64(k)))*eps*scale) {
					t.Fatalf("%d× %d×%d×%d, transposed %v %v, packed %v, alpha %v, beta %v: C[%d,%d] of item %d is %v, want %v",
						batch, m, n, k, transA, transB, packed, alpha, beta, i, j, q, got, want)
				}
			}
		}
	}
	for e, v := range c.Data {
		if !inside[e] && v != before[e] && !math.IsNaN(float64(v)) {
			t.Fatalf("%d×%d×%d: element %d, outside of C, was written", m, n, k, e)
		}
	}
}

func both(t *testing.T, p *pool.Pool, r *rand.Rand, batch, m, n, k int, transA, transB, packed bool, alpha, beta float64) {
	t.Helper()
	check(t, p, r, batch, m, n, k, transA, transB, packed, float32(alpha), float32(beta))
	check(t, p, r, batch, m, n, k, transA, transB, packed, alpha, beta)
}

var factors = [][2]float64{{1, 0}, {1, 1}, {-0.5, 0}, {2, -0.75}}

func TestAgreesWithNaiveProduct(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		sizes := []int{1, 2, 3, 5, 8, 13, 14, 15, 16, 17, 28, 31, 32, 33, 47, 64, 65, 100}
		for i := range 400 {
			f := factors[i%len(factors)]
			m, n, k := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			both(t, p, r, 1+i%3, m, n, k, i&1 > 0, i&2 > 0, i%5 == 0, f[0], f[1])
		}
	})
}

func TestEveryTileSize(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for m := 1; m <= 15; m++ {
			for n := 1; n <= 33; n++ {
				f := factors[(m+n)%len(factors)]
				both(t, nil, r, 1, m, n, 1+(m*n)%7, n&1 > 0, n&2 > 0, false, f[0], f[1])
			}
		}
	})
}

// Sizes beyond every block, in turn.
func TestManyBlocks(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for i, s := range [][3]int{{129, 150, 1030}, {4200, 9, 20}, {9, 4200, 20}, {130, 4200, 5}, {300, 310, 50}} {
			both(t, p, r, 1, s[0], s[1], s[2], i&1 > 0, i&2 > 0, i%2 == 0, 1, 1)
			both(t, p, r, 1, s[0], s[1], s[2], i&1 == 0, i&2 == 0, i%2 > 0, 1, 0)
		}
	})
}

// Of the leading dimensions that operands get, a multiple of 512 is one in four.
func TestFewRowsWithLinesThatCollide(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for i := range 12 {
			both(t, nil, r, 2, 25+3*i, 41, 512, false, true, false, 1, 0)
		}
	})
}

func TestZeroSizes(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		c := []float32{1, 2, 3, 4}
		Gemm(nil, false, false, 0, 2, 2, 1, nil, 2, c, 2, 0, nil, 2)
		Gemm(nil, false, false, 2, 0, 2, 1, c, 2, nil, 0, 0, nil, 0)
		Gemm(nil, false, false, 2, 2, 0, 1, nil, 0, nil, 2, 2, c, 2)
		if got := fmt.Sprint(c); got != "[2 4 6 8]" {
			t.Errorf("k = 0, beta = 2: %v", got)
		}
		c[0] = float32(math.NaN())
		Gemm(nil, false, false, 2, 2, 0, 1, nil, 0, nil, 2, 0, c, 2)
		if got := fmt.Sprint(c); got != "[0 0 0 0]" {
			t.Errorf("k = 0, beta = 0: %v", got)
		}
	})
}

func TestShortSlicesPanic(t *testing.T) {
	ok := make([]float32, 12)
	for name, f := range map[string]func(){
		"a": func() { Gemm(nil, false, false, 3, 4, 3, 1, ok[:8], 3, ok, 4, 0, ok, 4) },
		"b": func() { Gemm(nil, false, true, 3, 4, 3, 1, ok, 3, ok[:11], 3, 0, ok, 4) },
		"c": func() { Gemm(nil, false, false, 3, 4, 3, 1, ok, 3, ok, 4, 0, ok[:11], 4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is too short, but nothing happened", name)
				}
			}()
			f()
		}()
	}
}

// NaN and Inf go where they belong: into their row and column of the product.
func TestSpecialValues(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		const n = 20
		a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
		for i := range a {
			a[i], b[i] = 1, 1
		}
		a[3*n+5], b[7*n+11] = float32(math.NaN()), float32(math.Inf(1))
		Gemm(nil, false, false, n, n, n, 1, a, n, b, n, 0, c, n)
		for i := range n {
			for j := range n {
				v := float64(c[i*n+j])
				if good := i == 3 && math.IsNaN(v) || i != 3 && j == 11 && math.IsInf(v, 1) || i != 3 && j != 11 && v == n; !good {
					t.Fatalf("C[%d,%d] = %v", i, j, v)
				}
			}
		}
	})
}

func TestThreadsDoNotChangeBits(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, s := range [][4]int{{1, 300, 310, 500}, {30, 40, 50, 60}, {3, 10, 128, 2000}} {
			a, b := operand[float32](r, s[0], s[1], s[3], false), operand[float32](r, s[0], s[3], s[2], true)
			var first []float32
			for _, threads := range []int{1, 2, 5} {
				p := pool.New(threads)
				c := make([]float32, s[0]*s[1]*s[2])
				Batched(p, s[0], s[1], s[2], s[3], 1, a, b, 0, c, s[2], s[1]*s[2])
				p.Close()
				if first == nil {
					first = c
				}
				for i := range c {
					if c[i] != first[i] {
						t.Fatalf("%v: element %d is %v with %d threads, %v with one", s, i, c[i], threads, first[i])
					}
				}
			}
		}
	})
}

func TestConcurrentCallers(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			r := rand.New(rand.NewPCG(9, uint64(i)))
			for range 3 {
				check[float32](t, p, r, 2, 150, 130, 140, false, i&1 > 0, false, 1, 0)
			}
		})
	}
	callers.Wait()
}

func TestAllocatesNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	a, b, c := make([]float32, 256*256), make([]float32, 256*256), make([]float32, 256*256)
	if n := testing.AllocsPerRun(20, func() {
		Gemm(p, false, true, 256, 256, 256, 1, a, 256, b, 256, 0, c, 256)
		Gemm(p, true, false, 10, 20, 30, 1, a, 10, b, 20, 1, c, 20)
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// Rows of A that displace each other from the first-level cache are copied, unless B has few columns; others are read where they lie.
func TestRowsThatCollideAreCopied(t *testing.T) {
	kern := active[float32]()
	if kern.rows == nil {
		t.Skip("the kernel reads no A in rows")
	}
	for _, test := range []struct {
		n, k   int
		inRows bool
	}{{512, 1024, false}, {512, 512, false}, {128, 1024, true}, {512, 1000, true}, {512, 128, true}} {
		p := product[float32]{kernel: kern, m: 64, n: test.n, k: test.k, a: Matrix[float32]{LD: test.k}, b: Matrix[float32]{LD: test.n}}
		for _, threads := range []int{1, 2} {
			if got := p.cut(threads).inRows; got != test.inRows {
				t.Errorf("%d columns, rows %d elements apart, %d threads: read in rows: %v", test.n, test.k, threads, got)
			}
		}
	}
}

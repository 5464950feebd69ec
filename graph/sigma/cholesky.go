package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"drift/kernels"
)

// tile is the width of the panels of a factorization.
const tile = 128

// cholesky factors matrices A = L Lᵀ of one size in float64, panel by panel: squares on the diagonal on the host, by LAPACK's
// algorithm, and what lies below and to the right of them by matrix products of the device.
type cholesky struct {
	n       int
	panels  []panel
	inverse kernels.Buffer // [tile·tile] of a square's factor
	memory  kernels.Buffer
}

// panel is columns at … at+w of the lower triangle.
type panel struct {
	at, w  int
	a      kernels.Buffer // [n−at, w] of what is left of A
	below  kernels.Buffer // [n−at−w, w] of L
	update kernels.Executable
	square []float64 // [w,w] of L, row by row
	rows   []float64 // below, on the host
}

func newCholesky(dev kernels.Device, n int) (*cholesky, error) {
	c := &cholesky{n: n}
	elements := tile * tile
	for at := 0; at < n; at += tile {
		w := min(tile, n-at)
		elements += (2*(n-at) - w) * w
	}
	var err error
	if c.memory, err = dev.NewBuffer(kernels.Float64, elements); err != nil {
		return nil, fmt.Errorf("memory to factor a matrix of %d rows: %w", n, err)
	}
	used := tile * tile
	c.inverse = c.memory.Slice(0, used)
	room := func(n int) kernels.Buffer {
		used += n
		return c.memory.Slice(used-n, used)
	}
	for at := 0; at < n; at += tile {
		w := min(tile, n-at)
		below := (n - at - w) * w
		c.panels = append(c.panels, panel{at: at, w: w, a: room((n - at) * w), below: room(below),
			square: make([]float64, w*w), rows: make([]float64, below)})
	}
	for k := range c.panels[:len(c.panels)-1] {
		if c.panels[k].update, err = dev.Load(c.calls(k)); err != nil {
			c.close()
			return nil, fmt.Errorf("preparing to factor a matrix of %d rows: %w", n, err)
		}
	}
	return c, nil
}

// calls is what follows the factorization of square k: its panel's L = A L_kk⁻ᵀ, and A −= L Lᵀ in all panels to the right.
func (c *cholesky) calls(k int) []kernels.Call {
	p := c.panels[k]
	rest := c.n - p.at - p.w
	calls := []kernels.Call{{
		Op:  kernels.Gemm{Batch: 1, M: rest, N: p.w, K: p.w, TransB: true, Alpha: 1},
		Out: []kernels.Buffer{p.below},
		In:  []kernels.Buffer{p.a.Slice(p.w*p.w, p.a.Len()), c.inverse.Slice(0, p.w*p.w)},
	}}
	for _, q := range c.panels[k+1:] {
		from := (q.at - p.at - p.w) * p.w
		calls = append(calls, kernels.Call{
			Op:  kernels.Gemm{Batch: 1, M: c.n - q.at, N: q.w, K: p.w, TransB: true, Alpha: -1, Beta: 1},
			Out: []kernels.Buffer{q.a},
			In:  []kernels.Buffer{p.below.Slice(from, p.below.Len()), p.below.Slice(from, from+q.w*p.w)},
		})
	}
	return calls
}

// factor takes a matrix and reports whether it is positive definite.
func (c *cholesky) factor(of *mat.SymDense) (positive bool, err error) {
	if err := c.fill(of.RawSymmetric()); err != nil {
		return false, err
	}
	inverse := make([]float64, tile*tile)
	for k := range c.panels {
		p := &c.panels[k]
		if err := p.a.Slice(0, p.w*p.w).Read(p.square); err != nil {
			return false, err
		}
		symmetric := blas64.Symmetric{N: p.w, Stride: p.w, Data: p.square, Uplo: blas.Lower}
		factor, ok := lapack64.Potrf(symmetric)
		if !ok || p.update == nil {
			return ok, nil
		}
		for i := range p.w { // an inverse with zeros above the diagonal
			clear(inverse[i*p.w : (i+1)*p.w])
			copy(inverse[i*p.w:], p.square[i*p.w:i*p.w+i+1])
		}
		factor.Data = inverse
		if !lapack64.Trtri(factor) {
			return false, nil
		}
		if err := c.inverse.Slice(0, p.w*p.w).Write(inverse[:p.w*p.w]); err != nil {
			return false, err
		}
		if err := p.update.Run(); err != nil {
			return false, err
		}
		if err := p.below.Read(p.rows); err != nil {
			return false, err
		}
	}
	return true, nil
}

// fill writes the lower triangle, which a row of the upper one holds column by column.
func (c *cholesky) fill(m blas64.Symmetric) error {
	for _, p := range c.panels {
		part := make([]float64, (c.n-p.at)*p.w)
		for j := range p.w {
			row := m.Data[(p.at+j)*m.Stride : (p.at+j)*m.Stride+c.n]
			for i := p.at + j; i < c.n; i++ {
				part[(i-p.at)*p.w+j] = row[i]
			}
		}
		if err := p.a.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// solve replaces b by A⁻¹b.
func (c *cholesky) solve(b []float64) {
	for _, p := range c.panels { // L y = b
		y := blas64.Vector{N: p.w, Inc: 1, Data: b[p.at : p.at+p.w]}
		blas64.Trsv(blas.NoTrans, p.triangle(), y)
		if rest := c.n - p.at - p.w; rest > 0 {
			blas64.Gemv(blas.NoTrans, -1, p.general(rest), y, 1, blas64.Vector{N: rest, Inc: 1, Data: b[p.at+p.w:]})
		}
	}
	for k := len(c.panels) - 1; k >= 0; k-- { // Lᵀ x = y
		p := c.panels[k]
		x := blas64.Vector{N: p.w, Inc: 1, Data: b[p.at : p.at+p.w]}
		if rest := c.n - p.at - p.w; rest > 0 {
			blas64.Gemv(blas.Trans, -1, p.general(rest), blas64.Vector{N: rest, Inc: 1, Data: b[p.at+p.w:]}, 1, x)
		}
		blas64.Trsv(blas.Trans, p.triangle(), x)
	}
}

func (p panel) triangle() blas64.Triangular {
	return blas64.Triangular{N: p.w, Stride: p.w, Data: p.square, Uplo: blas.Lower, Diag: blas.NonUnit}
}

func (p panel) general(rows int) blas64.General {
	return blas64.General{Rows: rows, Cols: p.w, Stride: p.w, Data: p.rows}
}

// bytes is the memory that the panels hold.
func (c *cholesky) bytes() int64 { return int64(c.memory.Len()) * int64(kernels.Float64.Size()) }

func (c *cholesky) close() {
	for _, p := range c.panels {
		if p.update != nil {
			p.update.Close()
		}
	}
	c.memory.Free()
}

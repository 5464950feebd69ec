package kernels

import (
	"errors"
	"fmt"
)

func (Gemm) Name() string         { return "gemm" }
func (Softmax) Name() string      { return "softmax" }
func (CrossEntropy) Name() string { return "crossentropy" }
func (Correct) Name() string      { return "correct" }
func (Pick) Name() string         { return "pick" }
func (Place) Name() string        { return "place" }
func (Gather) Name() string       { return "gather" }
func (Scatter) Name() string      { return "scatter" }
func (Permute) Name() string      { return "permute" }
func (Slice) Name() string        { return "slice" }
func (Pad) Name() string          { return "pad" }
func (Conv) Name() string         { return "conv" }
func (ConvInput) Name() string    { return "convinput" }
func (ConvWeight) Name() string   { return "convweight" }
func (Im2Col) Name() string       { return "im2col" }
func (Col2Im) Name() string       { return "col2im" }
func (MaxIndex) Name() string     { return "maxindex" }
func (MaxGather) Name() string    { return "maxgather" }
func (MaxScatter) Name() string   { return "maxscatter" }
func (AvgPool) Name() string      { return "avgpool" }
func (AvgUnpool) Name() string    { return "avgunpool" }
func (Map) Name() string          { return "map" }
func (Reduce) Name() string       { return "reduce" }

func notNegative(sizes ...int) error {
	for _, s := range sizes {
		if s < 0 {
			return fmt.Errorf("negative size in %v", sizes)
		}
	}
	return nil
}

func (p Gemm) Operands() (out, in []int, err error) {
	a, b := p.Batch*p.M*p.K, p.Batch*p.K*p.N
	if p.ShareA {
		a = p.M * p.K
	}
	if p.ShareB {
		b = p.K * p.N
	}
	return []int{p.Batch * p.M * p.N}, []int{a, b}, notNegative(p.Batch, p.M, p.N, p.K)
}

func (p Softmax) Operands() (out, in []int, err error) {
	return []int{p.Rows * p.Cols}, []int{p.Rows * p.Cols}, notNegative(p.Rows, p.Cols)
}

func (p CrossEntropy) Operands() (out, in []int, err error) {
	return []int{p.Rows}, []int{p.Rows * p.Cols, p.Rows}, notNegative(p.Rows, p.Cols)
}

func (p Correct) Operands() (out, in []int, err error) { return CrossEntropy(p).Operands() }
func (p Pick) Operands() (out, in []int, err error)    { return CrossEntropy(p).Operands() }

func (p Place) Operands() (out, in []int, err error) {
	return []int{p.Rows * p.Cols}, []int{p.Rows, p.Rows}, notNegative(p.Rows, p.Cols)
}

func (p Gather) Operands() (out, in []int, err error) {
	return []int{p.Rows * p.Width}, []int{p.Table * p.Width, p.Rows}, notNegative(p.Rows, p.Width, p.Table)
}

func (p Scatter) Operands() (out, in []int, err error) {
	return []int{p.Table * p.Width}, []int{p.Rows * p.Width, p.Rows}, notNegative(p.Rows, p.Width, p.Table)
}

func (p Permute) Operands() (out, in []int, err error) {
	if p.Rank < 1 || p.Rank > len(p.Shape) {
		return nil, nil, fmt.Errorf("rank %d is not in 1 … %d", p.Rank, len(p.Shape))
	}
	n := 1
	var seen [6]bool
	for i := range p.Rank {
		n *= p.Shape[i]
		k := p.Perm[i]
		if k < 0 || k >= p.Rank || seen[k] {
			return nil, nil, fmt.Errorf("%v is no permutation of %d axes", p.Perm[:p.Rank], p.Rank)
		}
		seen[k] = true
	}
	return []int{n}, []int{n}, notNegative(p.Shape[:p.Rank]...)
}

func (p Slice) Operands() (out, in []int, err error) {
	if p.From < 0 || p.To < p.From || p.To > p.B {
		err = fmt.Errorf("range %d:%d of %d", p.From, p.To, p.B)
	}
	return []int{p.A * (p.To - p.From) * p.C}, []int{p.A * p.B * p.C}, errors.Join(err, notNegative(p.A, p.B, p.C))
}

func (p Pad) Operands() (out, in []int, err error) {
	in, out, err = Slice(p).Operands()
	return out, in, err
}

// Check reports a window that does not fit its image.
func (w Window) Check() error {
	if err := notNegative(w.N, w.C, w.H, w.W, w.PadH, w.PadW); err != nil {
		return err
	}
	if w.KH < 1 || w.KW < 1 || w.StrideH < 1 || w.StrideW < 1 {
		return fmt.Errorf("window %d×%d with stride %d×%d: all must be at least 1", w.KH, w.KW, w.StrideH, w.StrideW)
	}
	if w.H+2*w.PadH < w.KH || w.W+2*w.PadW < w.KW {
		return fmt.Errorf("window %d×%d is larger than the padded image %d×%d", w.KH, w.KW, w.H+2*w.PadH, w.W+2*w.PadW)
	}
	return nil
}

func (w Window) sizes() (image, pooled, columns int, err error) {
	if err = w.Check(); err != nil {
		return 0, 0, 0, err
	}
	t := w.OutH() * w.OutW()
	return w.N * w.C * w.H * w.W, w.N * w.C * t, w.N * t * w.C * w.KH * w.KW, nil
}

func (p Conv) Operands() (out, in []int, err error) {
	x, _, _, err := p.sizes()
	if err != nil {
		return nil, nil, err
	}
	k := p.O * p.C * p.KH * p.KW
	if p.PerExample {
		k *= p.N
	}
	return []int{p.N * p.O * p.OutH() * p.OutW()}, []int{x, k}, notNegative(p.O)
}

func (p ConvInput) Operands() (out, in []int, err error) {
	y, xk, err := Conv(p).Operands()
	if err != nil {
		return nil, nil, err
	}
	return xk[:1], []int{y[0], xk[1]}, nil
}

func (p ConvWeight) Operands() (out, in []int, err error) {
	y, xk, err := Conv(p).Operands()
	if err != nil {
		return nil, nil, err
	}
	return xk[1:], []int{xk[0], y[0]}, nil
}

func (p Im2Col) Operands() (out, in []int, err error) {
	x, _, u, err := p.sizes()
	return []int{u}, []int{x}, err
}

func (p Col2Im) Operands() (out, in []int, err error) {
	x, _, u, err := p.sizes()
	return []int{x}, []int{u}, err
}

func (p MaxIndex) Operands() (out, in []int, err error) {
	x, y, _, err := p.sizes()
	return []int{y}, []int{x}, err
}

func (p MaxGather) Operands() (out, in []int, err error) {
	x, y, _, err := p.sizes()
	return []int{y}, []int{x, y}, err
}

func (p MaxScatter) Operands() (out, in []int, err error) {
	x, y, _, err := p.sizes()
	return []int{x}, []int{y, y}, err
}

func (p AvgPool) Operands() (out, in []int, err error) { return MaxIndex(p).Operands() }

func (p AvgUnpool) Operands() (out, in []int, err error) {
	in, out, err = MaxIndex(p).Operands()
	return out, in, err
}

func (p Map) Operands() (out, in []int, err error) {
	values := len(p.Access) + len(p.Code)
	if values > MaxMapValues {
		return nil, nil, fmt.Errorf("%d values, at most %d fit", values, MaxMapValues)
	}
	for k, a := range p.Access {
		if a.B < 1 || a.C < 1 || (!a.Full() && p.N%(a.B*a.C) != 0) {
			return nil, nil, fmt.Errorf("access %+v of input %d does not divide %d indices", a, k, p.N)
		}
		in = append(in, p.N/a.B)
	}
	for k, c := range p.Code {
		if n, at := c.Fn.Arity(), len(p.Access)+k; c.Fn >= fnCount || n > 0 && int(c.X) >= at || n > 1 && int(c.Y) >= at {
			return nil, nil, fmt.Errorf("instruction %d reads a value that is not there yet", k)
		}
	}
	for _, r := range p.Results {
		if int(r) >= values {
			return nil, nil, fmt.Errorf("result %d of %d values", r, values)
		}
		out = append(out, p.N)
	}
	return out, in, notNegative(p.N)
}

func (p Reduce) Operands() (out, in []int, err error) {
	if p.Map.N != p.A*p.B*p.C || len(p.Map.Results) != 1 {
		return nil, nil, fmt.Errorf("a chain of %d indices and %d results for [%d,%d,%d]", p.Map.N, len(p.Map.Results), p.A, p.B, p.C)
	}
	_, in, err = p.Map.Operands()
	return []int{p.A * p.C}, in, errors.Join(err, notNegative(p.A, p.B, p.C))
}

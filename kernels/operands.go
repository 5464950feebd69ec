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
func (Unpack) Name() string       { return "unpack" }
func (Scatter) Name() string      { return "scatter" }
func (Cast) Name() string         { return "cast" }
func (Number) Name() string       { return "number" }
func (Known) Name() string        { return "known" }
func (Uniform) Name() string      { return "uniform" }
func (Permute) Name() string      { return "permute" }
func (Slice) Name() string        { return "slice" }
func (Pad) Name() string          { return "pad" }
func (Conv) Name() string         { return "conv" }
func (ConvInput) Name() string    { return "convinput" }
func (ConvWeight) Name() string   { return "convweight" }
func (Im2Col) Name() string       { return "im2col" }
func (Col2Im) Name() string       { return "col2im" }
func (WindowGram) Name() string   { return "windowgram" }
func (PixelGram) Name() string    { return "pixelgram" }
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

func (p Unpack) Operands() (out, in []int, err error) {
	row := p.Groups * p.Height * p.Width
	in = []int{256 * p.Groups, p.Table * row, p.Rows}
	if p.Moved {
		in = append(in, p.Rows)
		if max(p.Height, p.Width) > MostMoved {
			err = fmt.Errorf("moved images of %d×%d: at most %d pixels", p.Height, p.Width, MostMoved)
		}
	}
	return []int{p.Rows * row}, in, errors.Join(err, notNegative(p.Rows, p.Table, p.Groups, p.Height, p.Width))
}

func (p Scatter) Operands() (out, in []int, err error) {
	return []int{p.Table * p.Width}, []int{p.Rows * p.Width, p.Rows}, notNegative(p.Rows, p.Width, p.Table)
}

func (p Cast) Operands() (out, in []int, err error) { return []int{p.N}, []int{p.N}, notNegative(p.N) }

func (p Number) Operands() (out, in []int, err error) { return Cast(p).Operands() }
func (p Known) Operands() (out, in []int, err error)  { return Cast(p).Operands() }

func (p Uniform) Operands() (out, in []int, err error) {
	return []int{p.Rows * p.Width}, []int{2, p.Rows}, notNegative(p.Rows, p.Width)
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

func (p Map) Operands() (out, in []int, err error) {
	values := len(p.Access) + len(p.Code)
	if values > MaxMapValues {
		return nil, nil, fmt.Errorf("%d values, at most %d fit", values, MaxMapValues)
	}
	for k, a := range p.Access {
		if a.B < 1 || a.C < 1 || a.D < 0 || (!a.Full() && p.N%a.Period() != 0) {
			return nil, nil, fmt.Errorf("access %+v of input %d does not divide %d indices", a, k, p.N)
		}
		in = append(in, a.Len(p.N))
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
	if p.Map.N != p.A*p.B*p.C || len(p.Map.Results) < 1 {
		return nil, nil, fmt.Errorf("a chain of %d indices and %d results for [%d,%d,%d]", p.Map.N, len(p.Map.Results), p.A, p.B, p.C)
	}
	out, in, err = p.Map.Operands()
	if len(out) > 0 {
		out[0] = p.A * p.C
	}
	return out, in, errors.Join(err, notNegative(p.A, p.B, p.C))
}

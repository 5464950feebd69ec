package kernels

import "fmt"

// Window describes how windows of KH×KW slide over N images of C planes of H×W with a stride and zero padding on all sides.
type Window struct {
	N, C, H, W, KH, KW int
	StrideH, StrideW   int
	PadH, PadW         int
}

// OutH is ⌊(H + 2·PadH − KH)/StrideH⌋ + 1.
func (w Window) OutH() int { return (w.H+2*w.PadH-w.KH)/w.StrideH + 1 }

// OutW is ⌊(W + 2·PadW − KW)/StrideW⌋ + 1.
func (w Window) OutW() int { return (w.W+2*w.PadW-w.KW)/w.StrideW + 1 }

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

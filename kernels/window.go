package kernels

import "fmt"

// Window describes how windows of KH×KW slide over N images of C planes of H×W with a stride and zero padding on all sides.
type Window struct {
	N, C, H, W, KH, KW   int
	StrideH, StrideW     int
	PadH, PadW           int
	DilationH, DilationW int // pixels from one place of a window to the next; 0 stands for 1
}

// Dilation is the pixels from one place of a window to the next, at least 1.
func (w Window) Dilation() (h, v int) { return max(1, w.DilationH), max(1, w.DilationW) }

// Span is the rows and columns that a window reaches over: (KH−1)·DilationH + 1 and (KW−1)·DilationW + 1.
func (w Window) Span() (h, v int) {
	h, v = w.Dilation()
	return (w.KH-1)*h + 1, (w.KW-1)*v + 1
}

// OutH is ⌊(H + 2·PadH − span)/StrideH⌋ + 1.
func (w Window) OutH() int {
	span, _ := w.Span()
	return (w.H+2*w.PadH-span)/w.StrideH + 1
}

// OutW is ⌊(W + 2·PadW − span)/StrideW⌋ + 1.
func (w Window) OutW() int {
	_, span := w.Span()
	return (w.W+2*w.PadW-span)/w.StrideW + 1
}

// Check reports a window that does not fit its image.
func (w Window) Check() error {
	if err := notNegative(w.N, w.C, w.H, w.W, w.PadH, w.PadW, w.DilationH, w.DilationW); err != nil {
		return err
	}
	if w.KH < 1 || w.KW < 1 || w.StrideH < 1 || w.StrideW < 1 {
		return fmt.Errorf("window %d×%d with stride %d×%d: all must be at least 1", w.KH, w.KW, w.StrideH, w.StrideW)
	}
	if h, v := w.Span(); w.H+2*w.PadH < h || w.W+2*w.PadW < v {
		return fmt.Errorf("window %d×%d is larger than the padded image %d×%d", h, v, w.H+2*w.PadH, w.W+2*w.PadW)
	}
	return nil
}

// pooled are the sizes of pooling, which knows no dilation.
func (w Window) pooled() (image, pooled int, err error) {
	image, pooled, _, err = w.sizes()
	if h, v := w.Dilation(); err == nil && (h > 1 || v > 1) {
		err = fmt.Errorf("pooling by windows dilated by %d×%d: pooling takes none but 1", h, v)
	}
	return image, pooled, err
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
	g := p.Parts()
	if p.C%g != 0 || p.O%g != 0 || p.Groups < 0 {
		return nil, nil, fmt.Errorf("%d channels and %d outputs do not divide into %d groups", p.C, p.O, p.Groups)
	}
	k := p.O * (p.C / g) * p.KH * p.KW
	if p.PerExample {
		k *= p.N
	}
	return []int{p.N * p.O * p.OutH() * p.OutW()}, []int{x, k}, notNegative(p.O)
}

// Parts is the number of groups, at least 1.
func (p Conv) Parts() int { return max(1, p.Groups) }

// Apart takes groups for images: what lies in memory for N images in G groups, each with kernels of its own, is that of N·G images.
func (p Conv) Apart() Conv {
	g := p.Parts()
	p.N, p.C, p.O, p.Groups = p.N*g, p.C/g, p.O/g, 0
	return p
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

func (p WindowGram) Operands() (out, in []int, err error) {
	if err = p.Check(); err != nil {
		return nil, nil, err
	}
	t, pixels := p.OutH()*p.OutW(), p.H*p.W
	return []int{p.N * p.C * t * t}, []int{p.N * p.C * pixels * pixels}, nil
}

func (p PixelGram) Operands() (out, in []int, err error) {
	in, out, err = WindowGram(p).Operands()
	return out, in, err
}

func (p MaxIndex) Operands() (out, in []int, err error) {
	x, y, err := p.pooled()
	return []int{y}, []int{x}, err
}

func (p MaxGather) Operands() (out, in []int, err error) {
	x, y, err := p.pooled()
	return []int{y}, []int{x, y}, err
}

func (p MaxScatter) Operands() (out, in []int, err error) {
	x, y, err := p.pooled()
	return []int{x}, []int{y, y}, err
}

func (p AvgPool) Operands() (out, in []int, err error) { return MaxIndex(p).Operands() }

func (p AvgUnpool) Operands() (out, in []int, err error) {
	in, out, err = MaxIndex(p).Operands()
	return out, in, err
}

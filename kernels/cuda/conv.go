//go:build gpu

package cuda

import (
	"errors"
	"fmt"

	"drift/kernels"
	"drift/kernels/cuda/cudnn"
)

// columnBytes is a device's bound for the columns of im2col that a convolution holds at once, more images being handled in parts.
const columnBytes = 256 << 20

// images is a part of a convolution's batch, with the addresses of its operands.
type images struct {
	kernels.Window      // with N images
	columns, x, y, k    uint64
	spots, width, first int // windows an image, elements a window, number of the first image
}

// parts calls f for runs of images whose columns, which are stored as images are, fit. x, y and k are the addresses of all images, outputs and kernels.
func (p *planner) parts(c kernels.Conv, x, y, k uint64, f func(part images) error) error {
	one := c.Window
	one.N = 1
	if columns(one) > maxElements {
		return fmt.Errorf("%d elements in the windows of one image, at most %d fit a kernel", columns(one), maxElements)
	}
	bytes := int64(p.bytesAt(x))
	step := int(max(1, min(int64(c.N), p.device.columnBytes/max(1, bytes*int64(columns(one))))))
	columnArea, _ := p.reserve(0, bytes*int64(columns(one))*int64(step))
	p.storeAs(columnArea, x)
	spots, width := one.OutH()*one.OutW(), one.C*one.KH*one.KW
	for first := 0; first < c.N; first += step {
		part := images{Window: c.Window, columns: columnArea, spots: spots, width: width, first: first}
		part.N = min(step, c.N-first)
		part.x = p.behind(x, first*image(one))
		part.y = p.behind(y, first*c.O*spots)
		part.k = k
		if c.PerExample {
			part.k = p.behind(k, first*c.O*width)
		}
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// convolved is a convolution that goes on, by cuDNN or as a convolution and a chain.
func (p *planner) convolved(op kernels.Convolved, y uint64, in []uint64) error {
	x, k, b := in[0], in[1], uint64(0)
	if op.Bias {
		b = in[2]
	}
	if done, err := p.byCuDNN(cudnn.Output, op, x, y, k, b); done {
		return err
	}
	if err := p.conv(op.Conv, y, x, k); err != nil {
		return err
	}
	return p.follow(op, y, b)
}

// follow adds what a convolution goes on with as a kernel of its own.
func (p *planner) follow(op kernels.Convolved, y, b uint64) error {
	operands := []uint64{y}
	if op.Bias {
		operands = append(operands, b)
	}
	return p.fused(op.Chain(), []uint64{y}, operands)
}

// conv is Y = K·Uᵀ for each image, U [spots, width] being its columns: [O, width]·[width, spots].
func (p *planner) conv(c kernels.Conv, y, x, k uint64) error {
	if done, err := p.byCuDNN(cudnn.Output, kernels.Convolved{Conv: c}, x, y, k, 0); done {
		return err
	}
	if c.Parts() > 1 {
		return p.apart(c, k, func(each kernels.Conv, copies uint64) error {
			if err := p.repeat(c, copies, k); err != nil {
				return err
			}
			return p.conv(each, y, x, copies)
		})
	}
	return p.parts(c, x, y, k, func(i images) error {
		if err := p.im2col(i.Window, i.columns, i.x); err != nil {
			return err
		}
		g := kernels.Gemm{Batch: i.N, M: c.O, N: i.spots, K: i.width, TransB: true, ShareA: !c.PerExample, Alpha: 1}
		return p.gemm(g, i.y, i.k, i.columns)
	})
}

// convSum is one convolution behind another and their sum. Plans for GPUs have none, as what reads the sum adds up on the way (kernels.Summing).
func (p *planner) convSum(at int, op kernels.ConvSum, y uint64, in []uint64) error {
	out, _, err := op.Operands()
	if err != nil {
		return err
	}
	second, kept := p.reserve(0, p.size()*int64(out[0]))
	p.kept += kept
	p.storeAs(second, y)
	terms := op.Terms()
	if err := errors.Join(p.call(at, terms[0], []uint64{y}, in[:2]), p.call(at, terms[1], []uint64{second}, in[2:])); err != nil {
		return err
	}
	p.kept -= kept
	sum := kernels.Map{N: out[0], Access: []kernels.Access{{B: 1, C: 1}, {B: 1, C: 1}}}
	sum.Results = []uint8{sum.Then(kernels.FnAdd, 0, 1, 0)}
	return p.fused(sum, []uint64{y}, []uint64{y, second})
}

// convInput is col2im of Ū = Ȳᵀ·K for each image: [spots, O]·[O, width].
func (p *planner) convInput(c kernels.ConvInput, x, y, k uint64) error {
	if done, err := p.byCuDNN(cudnn.Image, kernels.Convolved{Conv: kernels.Conv(c)}, x, y, k, 0); done {
		return err
	}
	if all := kernels.Conv(c); all.Parts() > 1 {
		return p.apart(all, k, func(each kernels.Conv, copies uint64) error {
			if err := p.repeat(all, copies, k); err != nil {
				return err
			}
			return p.convInput(kernels.ConvInput(each), x, y, copies)
		})
	}
	return p.parts(kernels.Conv(c), x, y, k, func(i images) error {
		g := kernels.Gemm{Batch: i.N, M: i.spots, N: i.width, K: c.O, TransA: true, ShareB: !c.PerExample, Alpha: 1}
		if err := p.gemm(g, i.columns, i.y, i.k); err != nil {
			return err
		}
		return p.col2im(i.Window, i.x, i.columns)
	})
}

// convWeight is K̄ = Ȳ·U for each image, [O, spots]·[spots, width]. The sum over images is one product, for which Ȳ is laid
// out as [O, images, spots].
func (p *planner) convWeight(c kernels.ConvWeight, k, x, y uint64) error {
	if c.N == 0 {
		return p.scale(taps(kernels.Conv(c)), 0, k)
	}
	if done, err := p.byCuDNN(cudnn.Kernels, kernels.Convolved{Conv: kernels.Conv(c)}, x, y, k, 0); done {
		return err
	}
	if all := kernels.Conv(c); all.Parts() > 1 {
		return p.apart(all, k, func(each kernels.Conv, copies uint64) error {
			if err := p.convWeight(kernels.ConvWeight(each), copies, x, y); err != nil || c.PerExample {
				return err
			}
			return p.fused(kernels.Reduce{A: 1, B: c.N, C: taps(all), Map: copyOf(c.N * taps(all))}, []uint64{k}, []uint64{copies})
		})
	}
	return p.parts(kernels.Conv(c), x, y, k, func(i images) error {
		if err := p.im2col(i.Window, i.columns, i.x); err != nil {
			return err
		}
		if c.PerExample {
			return p.gemm(kernels.Gemm{Batch: i.N, M: c.O, N: i.width, K: i.spots, Alpha: 1}, i.k, i.y, i.columns)
		}
		rows, _ := p.reserve((int64(p.bytesAt(i.x))*int64(columns(i.Window))+255)/256*256, p.size()*int64(i.N*c.O*i.spots))
		swap := kernels.Permute{Rank: 3, Shape: [6]int{i.N, c.O, i.spots}, Perm: [6]int{1, 0, 2}}
		p.storeAs(rows, i.y)
		if err := p.permute(swap, rows, i.y); err != nil {
			return err
		}
		g := kernels.Gemm{Batch: 1, M: c.O, N: i.width, K: i.N * i.spots, Alpha: 1}
		if i.first > 0 {
			g.Beta = 1
		}
		return p.gemm(g, i.k, rows, i.columns)
	})
}

// taps is the elements of the kernels that all images share, or of one image's own.
func taps(c kernels.Conv) int { return c.O * (c.C / c.Parts()) * c.KH * c.KW }

// apart takes a convolution in groups for one of its groups' images, with a copy of the kernels for each image where they share them. f
// gets where the copies belong.
func (p *planner) apart(c kernels.Conv, k uint64, f func(each kernels.Conv, copies uint64) error) error {
	each := c.Apart()
	if c.PerExample {
		return f(each, k)
	}
	each.PerExample = true
	if c.N*taps(c) > maxElements {
		return fmt.Errorf("%d elements of kernels for %d images in %d groups, at most %d fit: work on fewer images at once, or install cuDNN",
			c.N*taps(c), c.N, c.Groups, maxElements)
	}
	copies, kept := p.reserve(0, p.size()*int64(c.N)*int64(taps(c)))
	before := p.kept
	p.kept += kept
	defer func() { p.kept = before }()
	return f(each, copies)
}

// repeat copies kernels that all images share for each of them.
func (p *planner) repeat(c kernels.Conv, copies, k uint64) error {
	if copies == k {
		return nil
	}
	p.storeAs(copies, k)
	m := copyOf(c.N * taps(c))
	m.Access = []kernels.Access{{B: c.N, C: taps(c)}}
	return p.fused(m, []uint64{copies}, []uint64{k})
}

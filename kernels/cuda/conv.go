//go:build gpu

package cuda

import (
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

// parts calls f for runs of images whose columns fit. x, y and k are the addresses of all images, outputs and kernels.
func (p *planner) parts(c kernels.Conv, x, y, k uint64, f func(part images) error) error {
	one := c.Window
	one.N = 1
	if columns(one) > maxElements {
		return fmt.Errorf("%d elements in the windows of one image, at most %d fit a kernel", columns(one), maxElements)
	}
	step := int(max(1, min(int64(c.N), p.device.columnBytes/max(1, p.size()*int64(columns(one))))))
	columnArea, _ := p.reserve(0, p.size()*int64(columns(one))*int64(step))
	spots, width := one.OutH()*one.OutW(), one.C*one.KH*one.KW
	size := uint64(p.size())
	for first := 0; first < c.N; first += step {
		part := images{Window: c.Window, columns: columnArea, spots: spots, width: width, first: first}
		part.N = min(step, c.N-first)
		part.x = x + uint64(first*image(one))*size
		part.y = y + uint64(first*c.O*spots)*size
		part.k = k
		if c.PerExample {
			part.k += uint64(first*c.O*width) * size
		}
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// conv is Y = K·Uᵀ for each image, U [spots, width] being its columns: [O, width]·[width, spots].
func (p *planner) conv(c kernels.Conv, y, x, k uint64) error {
	if done, err := p.byCuDNN(cudnn.Output, c, x, y, k); done {
		return err
	}
	return p.parts(c, x, y, k, func(i images) error {
		if err := p.im2col(i.Window, i.columns, i.x); err != nil {
			return err
		}
		g := kernels.Gemm{Batch: i.N, M: c.O, N: i.spots, K: i.width, TransB: true, ShareA: !c.PerExample, Alpha: 1}
		return p.gemm(g, i.y, i.k, i.columns)
	})
}

// convInput is col2im of Ū = Ȳᵀ·K for each image: [spots, O]·[O, width].
func (p *planner) convInput(c kernels.ConvInput, x, y, k uint64) error {
	if done, err := p.byCuDNN(cudnn.Image, kernels.Conv(c), x, y, k); done {
		return err
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
		return p.scale(c.O*c.C*c.KH*c.KW, 0, k)
	}
	if done, err := p.byCuDNN(cudnn.Kernels, kernels.Conv(c), x, y, k); done {
		return err
	}
	return p.parts(kernels.Conv(c), x, y, k, func(i images) error {
		if err := p.im2col(i.Window, i.columns, i.x); err != nil {
			return err
		}
		if c.PerExample {
			return p.gemm(kernels.Gemm{Batch: i.N, M: c.O, N: i.width, K: i.spots, Alpha: 1}, i.k, i.y, i.columns)
		}
		rows, _ := p.reserve((p.size()*int64(columns(i.Window))+255)/256*256, p.size()*int64(i.N*c.O*i.spots))
		swap := kernels.Permute{Rank: 3, Shape: [6]int{i.N, c.O, i.spots}, Perm: [6]int{1, 0, 2}}
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

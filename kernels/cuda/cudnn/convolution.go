//go:build gpu

package cudnn

import (
	"fmt"

	"drift/kernels"
)

// Direction says which operand of a convolution is computed from the two others.
type Direction int

const (
	Output Direction = iota
	Image
	Kernels
)

func (d Direction) String() string { return [...]string{"conv", "convinput", "convweight"}[d] }

// UID is the tensor's that a direction computes. A bias is the next.
func (d Direction) UID() int64 { return int64(d) + 1 }

// BiasUID is the bias's of a convolution that goes on.
const BiasUID = 4

// Convolution is one of kernels.Conv, with kernels that all images share. Its operands are dense.
type Convolution struct {
	Direction    Direction
	Conv         kernels.Conv
	Factors      DataType // of the two operands that are read
	Result       DataType
	ChannelsLast bool // images, kernels and outputs lie with channels behind pixels, else as kernels.Conv has them
}

func (c Convolution) String() string {
	layout := "NCHW"
	if c.ChannelsLast {
		layout = "NHWC"
	}
	return fmt.Sprintf("%v %s", c.Direction, layout)
}

// Graph describes the convolution, until the graph is closed.
func (h *Handle) Graph(c Convolution) (*Graph, error) {
	g := h.NewGraph()
	k := c.Conv
	x := c.tensor(g, Image, k.N, k.C, k.H, k.W)
	w := c.tensor(g, Kernels, k.O, k.C/k.Parts(), k.KH, k.KW)
	y := c.tensor(g, Output, k.N, k.O, k.OutH(), k.OutW())
	dh, dw := k.Dilation()
	compute := Float
	if c.Factors == Double {
		compute = Double
	}
	g.Convolve(c.Direction, Windows{
		Compute: compute, Paddings: []int64{int64(k.PadH), int64(k.PadW)}, Strides: []int64{int64(k.StrideH), int64(k.StrideW)}, Dilations: []int64{int64(dh), int64(dw)},
	}, x, w, y)
	if err := g.Finish(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (c Convolution) tensor(g *Graph, d Direction, n, ch, h, w int) Descriptor {
	dims := []int64{int64(n), int64(ch), int64(h), int64(w)}
	t := Tensor{UID: d.UID(), Type: c.Factors, Dims: dims, Strides: Dense(dims...)}
	if d == c.Direction {
		t.Type = c.Result
	}
	if c.ChannelsLast {
		t.Strides = ChannelsLast(dims...)
	}
	return g.Tensor(t)
}

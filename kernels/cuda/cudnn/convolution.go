//go:build gpu

package cudnn

import "drift/kernels"

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

// BiasUID is the bias's of a convolution that goes on. Between the operations are tensors without memory.
const (
	BiasUID = iota + 4
	productUID
	sumUID
)

// Convolution is one of kernels.Conv, with kernels that all images share. Its operands are dense.
type Convolution struct {
	Direction    Direction
	Conv         kernels.Conv
	Factors      DataType // of the two operands that are read
	Result       DataType
	ChannelsLast bool // images, kernels and outputs lie with channels behind pixels, else as kernels.Conv has them
	// What an Output goes on with, as kernels.Convolved has it.
	Bias, ReLU bool
	BiasType   DataType
	Apart      bool // the plan does not go on with it
}

// Op is the primitive that goes on.
func (c Convolution) Op() kernels.Convolved {
	op := kernels.Convolved{Conv: c.Conv, Bias: c.Bias}
	if c.ReLU {
		op.Activation = kernels.ReLU
	}
	return op
}

// Joined reports a plan that goes on with its result.
func (c Convolution) Joined() bool { return (c.Bias || c.ReLU) && !c.Apart }

// Graph describes the convolution, until the graph is closed.
func (h *Handle) Graph(c Convolution) (*Graph, error) {
	g := h.NewGraph()
	k := c.Conv
	x := c.tensor(g, Image, k.N, k.C, k.H, k.W)
	w := c.tensor(g, Kernels, k.O, k.C/k.Parts(), k.KH, k.KW)
	y := c.tensor(g, Output, k.N, k.O, k.OutH(), k.OutW())
	z := y
	if c.Joined() {
		z = c.between(g, productUID)
	}
	dh, dw := k.Dilation()
	compute := Float
	if c.Factors == Double {
		compute = Double
	}
	g.Convolve(c.Direction, Windows{
		Compute: compute, Paddings: []int64{int64(k.PadH), int64(k.PadW)}, Strides: []int64{int64(k.StrideH), int64(k.StrideW)}, Dilations: []int64{int64(dh), int64(dw)},
	}, x, w, z)
	if c.Joined() {
		c.goOn(g, compute, z, y)
	}
	if err := g.Finish(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// between is a tensor of the outputs' shape in the type of the arithmetic.
func (c Convolution) between(g *Graph, uid int64) Descriptor {
	k, dt := c.Conv, Float
	if c.Factors == Double {
		dt = Double
	}
	dims := []int64{int64(k.N), int64(k.O), int64(k.OutH()), int64(k.OutW())}
	t := Tensor{UID: uid, Type: dt, Dims: dims, Strides: Dense(dims...), Virtual: true}
	if c.ChannelsLast {
		t.Strides = ChannelsLast(dims...)
	}
	return g.Tensor(t)
}

// goOn adds what follows the convolution.
func (c Convolution) goOn(g *Graph, math DataType, z, y Descriptor) {
	if c.Bias {
		dims := []int64{1, int64(c.Conv.O), 1, 1}
		b := g.Tensor(Tensor{UID: BiasUID, Type: c.BiasType, Dims: dims, Strides: ChannelsLast(dims...)})
		sum := y
		if c.ReLU {
			sum = c.between(g, sumUID)
		}
		g.Pointwise(Pointwise{Mode: Add, Math: math, X: z, B: b, Y: sum})
		z = sum
	}
	if c.ReLU {
		g.Pointwise(Pointwise{Mode: ReLU, Math: math, X: z, Y: y})
	}
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

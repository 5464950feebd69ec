package onnx

import (
	"math"
	"slices"

	"drift/graph/nn"
)

// linear multiplies rows by a weight [out,in], transposed; flat says that an example is one row.
func (w *layerWriter) linear(x string, flat bool, weight, bias string, biased bool) string {
	if flat {
		inputs := []string{x, w.own(weight)}
		if biased {
			inputs = append(inputs, w.own(bias))
		}
		return w.node("Gemm", inputs, whole64("transB", 1))
	}
	turned := w.node("Transpose", []string{w.own(weight)}, wholes64("perm", 1, 0))
	y := w.node("MatMul", []string{x, turned})
	if biased {
		y = w.node("Add", []string{y, w.own(bias)})
	}
	return y
}

func (w *layerWriter) convolution(l nn.Conv2D, x string) string {
	dilation, groups := l.Dilation, max(l.Groups, 1)
	if dilation == (nn.Pair{}) {
		dilation = nn.Pair{1, 1}
	}
	inputs := []string{x, w.own("weight")}
	if l.Bias {
		inputs = append(inputs, w.own("bias"))
	}
	return w.node("Conv", inputs, wholes64("kernel_shape", l.Kernel[:]...), wholes64("strides", l.Stride[:]...), wholes64("dilations", dilation[:]...),
		pads(l.Padding), whole64("group", groups))
}

// pads is padding at both ends of both axes.
func pads(p nn.Pair) []byte { return wholes64("pads", p[0], p[1], p[0], p[1]) }

func (w *layerWriter) pool(op, x string, kernel nn.Pair, stride *nn.Pair, padding nn.Pair, more ...[]byte) string {
	if stride == nil {
		stride = &kernel
	}
	attributes := append(more, wholes64("kernel_shape", kernel[:]...), wholes64("strides", stride[:]...), pads(padding))
	return w.node(op, []string{x}, attributes...)
}

// groupNorm standardises groups as if they were channels, which version 17 has an operator for.
func (w *layerWriter) groupNorm(l nn.GroupNorm, x string, in []int) string {
	rows := w.reshape(x, 0, l.Groups, -1)
	scale, shift := w.constant(w.elem, []int{l.Groups}, repeat(1, l.Groups)...), w.constant(w.elem, []int{l.Groups}, repeat(0, l.Groups)...)
	y := w.reshape(w.node("InstanceNormalization", []string{rows, scale, shift}, single32("epsilon", l.Eps)), append([]int{0}, in...)...)
	if !l.Affine {
		return y
	}
	channels := append([]int{in[0]}, slices.Repeat([]int{1}, len(in)-1)...)
	y = w.node("Mul", []string{y, w.reshape(w.own("weight"), channels...)})
	return w.node("Add", []string{y, w.reshape(w.own("bias"), channels...)})
}

func (w *layerWriter) layerNorm(l nn.LayerNorm, x string, in []int) string {
	axes := max(1, len(l.Axes))
	attributes := [][]byte{whole64("axis", -axes), single32("epsilon", l.Eps)}
	if l.Affine {
		return w.node("LayerNormalization", []string{x, w.own("weight"), w.own("bias")}, attributes...)
	}
	shape := in[len(in)-axes:]
	return w.node("LayerNormalization", []string{x, w.constant(w.elem, shape, repeat(1, product(shape))...)}, attributes...)
}

func (w *layerWriter) rmsNorm(l nn.RMSNorm, x string) string {
	squares := w.node("Mul", []string{x, x})
	mean := w.node("ReduceMean", []string{squares}, wholes64("axes", -1), whole64("keepdims", 1))
	root := w.node("Sqrt", []string{w.node("Add", []string{mean, w.number(l.Eps)})})
	return w.node("Mul", []string{w.node("Div", []string{x, root}), w.own("weight")})
}

func (w *layerWriter) positions(l nn.Positions, x string, in []int) string {
	rows := w.own("weight")
	if in[0] < l.Length {
		rows = w.node("Slice", []string{rows, w.whole(0), w.whole(in[0]), w.whole(0)})
	}
	return w.node("Add", []string{x, rows})
}

// hidden is what scores of positions that are not seen have added: far below any score, and finite.
const hidden = -1e30

func (w *layerWriter) attention(l nn.Attention, x string, in []int) string {
	t, e := in[0], in[1]
	d := e / l.Heads
	parts := w.nodes(3, "Split", []string{w.linear(x, false, "in_proj_weight", "in_proj_bias", l.Bias), w.whole(e, e, e)}, whole64("axis", 2))
	head := func(k int, perm ...int) string {
		return w.node("Transpose", []string{w.reshape(parts[k], 0, t, l.Heads, d)}, wholes64("perm", perm...))
	}
	scores := w.node("MatMul", []string{head(0, 0, 2, 1, 3), head(1, 0, 2, 3, 1)})
	scores = w.node("Mul", []string{scores, w.number(1 / math.Sqrt(float64(d)))})
	if l.Causal && t > 1 {
		mask := make([]float64, t*t)
		for i := range t {
			for j := i + 1; j < t; j++ {
				mask[i*t+j] = hidden
			}
		}
		scores = w.node("Add", []string{scores, w.constant(w.elem, []int{t, t}, mask...)})
	}
	seen := w.node("MatMul", []string{w.node("Softmax", []string{scores}, whole64("axis", -1)), head(2, 0, 2, 1, 3)})
	joined := w.reshape(w.node("Transpose", []string{seen}, wholes64("perm", 0, 2, 1, 3)), 0, t, e)
	return w.linear(joined, false, "out_proj.weight", "out_proj.bias", l.Bias)
}

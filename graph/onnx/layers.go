package onnx

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// The version of ONNX's files and of its operators that are written.
const (
	writtenIR    = 8
	writtenOpset = 17
)

// layerWriter writes a model's layers as nodes in their order.
type layerWriter struct {
	elem  int                        // type of numbers
	lines []nn.Line                  // of the layers that are not written yet
	named map[string]objective.Param // parameters and buffers by every name that layers have for them
	names map[string]int             // how many nodes have a name
	place string                     // of the layer that is being written
	graph []byte                     // its nodes so far
}

// encodeLayers is the file of a model of layers.
func encodeLayers(m *nn.Model, dt kernels.DType, values []float64) ([]byte, error) {
	const input, output = "input", "output"
	w := &layerWriter{elem: elemFloat, lines: m.Lines(), named: map[string]objective.Param{}, names: map[string]int{}}
	if dt == kernels.Float64 {
		w.elem = elemDouble
	}
	tensors := objective.Tensors(m)
	for _, p := range tensors {
		for _, name := range append(p.Also, p.Name) {
			w.named[name] = p
		}
	}
	inElem := w.elem
	if m.Input.Index > 0 {
		inElem = elemInt64
	}
	out, shape, err := w.list("", m.Layers, input, m.Input.Shape)
	if err != nil {
		return nil, err
	}
	graph := append(w.graph, putBytes(nil, 1, nodeMessage(output, "Identity", []string{out}, []string{output}))...)
	graph = putBytes(graph, 2, "drift")
	for _, p := range tensors {
		t, err := tensorMessage(p.Name, w.elem, p.FileShape(), values[p.Offset:p.Offset+p.Len])
		if err != nil {
			return nil, err
		}
		graph = putBytes(graph, 5, t)
	}
	graph = putBytes(putBytes(graph, 11, batchMessage(input, inElem, m.Input.Shape)), 12, batchMessage(output, w.elem, shape))
	model := putBytes(putInt(nil, 1, writtenIR), 2, "drift")
	return putBytes(putBytes(model, 7, graph), 8, putInt(putBytes(nil, 1, ""), 2, writtenOpset)), nil
}

// list writes layers in order, whose names begin with a prefix, and returns the value that they end in with the shape of an example.
func (w *layerWriter) list(prefix string, layers nn.Layers, x string, in []int) (string, []int, error) {
	for i, l := range layers {
		place := prefix + strconv.Itoa(i)
		line := w.line()
		w.place = place
		y, err := w.layer(l, x, in, line.Output)
		if err != nil {
			return "", nil, fmt.Errorf("layer %s (%s): %w", place, line.Layer, err)
		}
		x, in = y, line.Output
	}
	return x, in, nil
}

// line takes that of the next layer.
func (w *layerWriter) line() (l nn.Line) {
	if len(w.lines) > 0 {
		l, w.lines = w.lines[0], w.lines[1:]
	}
	return l
}

// layer writes one layer, which takes examples of shape in to those of shape out.
func (w *layerWriter) layer(l nn.Layer, x string, in, out []int) (string, error) {
	switch l := l.(type) {
	case nn.Linear:
		return w.linear(x, len(in) == 1, "weight", "bias", l.Bias), nil
	case nn.Conv2D:
		return w.convolution(l, x), nil
	case nn.GroupNorm:
		return w.groupNorm(l, x, in), nil
	case nn.LayerNorm:
		return w.layerNorm(l, x, in), nil
	case nn.RMSNorm:
		return w.rmsNorm(l, x), nil
	case nn.BatchNorm2D:
		return w.node("BatchNormalization", []string{x, w.own("weight"), w.own("bias"), w.own("running_mean"), w.own("running_var")}, single32("epsilon", l.Eps)), nil
	case nn.MaxPool2D:
		return w.pool("MaxPool", x, l.Kernel, l.Stride, l.Padding), nil
	case nn.AvgPool2D:
		return w.pool("AveragePool", x, l.Kernel, l.Stride, l.Padding, whole64("count_include_pad", 1)), nil
	case nn.GlobalAvgPool:
		return w.node("Flatten", []string{w.node("GlobalAveragePool", []string{x})}), nil
	case nn.Flatten:
		return w.node("Flatten", []string{x}), nil
	case nn.Embedding:
		return w.node("Gather", []string{w.own("weight"), x}), nil
	case nn.Positions:
		return w.positions(l, x, in), nil
	case nn.Attention:
		return w.attention(l, x, in), nil
	case nn.Tokens:
		return w.node("Transpose", []string{w.reshape(x, 0, in[0], in[1]*in[2])}, wholes64("perm", 0, 2, 1)), nil
	case nn.MeanPool:
		return w.node("ReduceMean", []string{x}, wholes64("axes", 1), whole64("keepdims", 0)), nil
	case nn.Dropout:
		return x, nil
	case nn.Residual:
		return w.residual(l, x, in)
	case nn.Concat:
		return w.concat(l, x, in, out)
	case nn.Activation:
		return w.activation(l, x)
	case nn.Softplus:
		return w.softplus(l, x), nil
	}
	return "", fmt.Errorf("it has no form in ONNX: save the weights in another format")
}

// node writes a node of the layer and is the name of its output.
func (w *layerWriter) node(op string, inputs []string, attributes ...[]byte) string {
	return w.nodes(1, op, inputs, attributes...)[0]
}

// nodes is node with several outputs.
func (w *layerWriter) nodes(count int, op string, inputs []string, attributes ...[]byte) []string {
	name := w.place + "/" + op
	w.names[name]++
	if k := w.names[name]; k > 1 {
		name = fmt.Sprint(name, "_", k)
	}
	outputs := []string{name}
	for k := 1; k < count; k++ {
		outputs = append(outputs, fmt.Sprint(name, ":", k))
	}
	w.graph = putBytes(w.graph, 1, nodeMessage(name, op, inputs, outputs, attributes...))
	return outputs
}

// own is the initializer of a tensor of the layer.
func (w *layerWriter) own(name string) string { return w.named[w.place+"."+name].Name }

// constant is an array of numbers, or of whole ones.
func (w *layerWriter) constant(elem int, shape []int, values ...float64) string {
	t, err := tensorMessage("", elem, shape, values)
	if err != nil {
		panic(err) // constants of layers fit into float32
	}
	return w.node("Constant", nil, putBytes(attributeMessage("value", kindTensor), 5, t))
}

func (w *layerWriter) number(v float64) string { return w.constant(w.elem, nil, v) }

func (w *layerWriter) whole(v ...int) string {
	values := make([]float64, len(v))
	for k, x := range v {
		values[k] = float64(x)
	}
	return w.constant(elemInt64, []int{len(v)}, values...)
}

// reshape has a 0 where an axis stays as it is.
func (w *layerWriter) reshape(x string, shape ...int) string {
	return w.node("Reshape", []string{x, w.whole(shape...)})
}

func (w *layerWriter) residual(l nn.Residual, x string, in []int) (string, error) {
	place := w.place
	y, _, err := w.list(place+".", l.Layers, x, in)
	if err != nil {
		return "", err
	}
	short, _, err := w.list(place+".shortcut.", l.Shortcut, x, in)
	w.place = place
	return w.node("Add", []string{short, y}), err
}

func (w *layerWriter) concat(l nn.Concat, x string, in, out []int) (string, error) {
	place, parts := w.place, make([]string, len(l.Branches))
	for k, branch := range l.Branches {
		var err error
		if parts[k], _, err = w.list(fmt.Sprint(place, ".", k, "."), branch, x, in); err != nil {
			return "", err
		}
	}
	w.place = place
	axis := len(out)
	if len(out) == 3 {
		axis = 1 // channels of images
	}
	return w.node("Concat", parts, whole64("axis", axis)), nil
}

func (w *layerWriter) activation(l nn.Activation, x string) (string, error) {
	mul := func(a, b string) string { return w.node("Mul", []string{a, b}) }
	half := func(y string) string { // x·(1+y)/2
		return mul(mul(x, w.node("Add", []string{y, w.number(1)})), w.number(0.5))
	}
	switch l {
	case nn.ReLU:
		return w.node("Relu", []string{x}), nil
	case nn.Tanh:
		return w.node("Tanh", []string{x}), nil
	case nn.Sigmoid:
		return w.node("Sigmoid", []string{x}), nil
	case nn.SiLU:
		return mul(x, w.node("Sigmoid", []string{x})), nil
	case nn.GELU:
		return half(w.node("Erf", []string{mul(x, w.number(math.Sqrt2/2))})), nil
	case nn.GELUTanh:
		factor := w.node("Add", []string{mul(mul(x, x), w.number(0.044715)), w.number(1)})
		return half(w.node("Tanh", []string{mul(mul(x, factor), w.number(math.Sqrt(2/math.Pi)))})), nil
	}
	return "", fmt.Errorf("%s has no form in ONNX: save the weights in another format", l.Name)
}

func (w *layerWriter) softplus(l nn.Softplus, x string) string {
	if l.Beta == 1 {
		return w.node("Softplus", []string{x})
	}
	y := w.node("Softplus", []string{w.node("Mul", []string{x, w.number(l.Beta)})})
	return w.node("Mul", []string{y, w.number(1 / l.Beta)})
}

func repeat(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// rule is how an operator is built.
type rule struct {
	least, most int    // inputs
	attributes  string // those that are known, by name
	do          func(b *builder, n *node, in []value) []value
}

const many = maxParts // inputs

// rules are the operators that are known.
var rules map[string]rule

func init() {
	rules = map[string]rule{
		"Add": {2, 2, "", binary(add)}, "Sub": {2, 2, "", binary(sub)}, "Mul": {2, 2, "", binary(mul)}, "Div": {2, 2, "", binary(div)},
		"Pow": {2, 2, "", binary(pow)}, "Max": {1, many, "", variadic(larger)}, "Min": {1, many, "", variadic(smaller)}, "Sum": {1, many, "", variadic(add)},
		"Mod": {2, 2, "fmod", binary(mod)}, "PRelu": {2, 2, "", prelu}, "Equal": {2, 2, "", binary(equal)}, "Less": {2, 2, "", binary(less)},
		"LessOrEqual": {2, 2, "", binary(lessOrEqual)}, "Greater": {2, 2, "", binary(greater)}, "GreaterOrEqual": {2, 2, "", binary(greaterOrEqual)},
		"And": {2, 2, "", binary(and)}, "Or": {2, 2, "", binary(or)}, "Not": {1, 1, "", not}, "Where": {3, 3, "", where},

		"Abs": {1, 1, "", unary(abs)}, "Neg": {1, 1, "", unary(neg)}, "Exp": {1, 1, "", unary(exp)}, "Log": {1, 1, "", unary(log)},
		"Sqrt": {1, 1, "", unary(sqrt)}, "Reciprocal": {1, 1, "", unary(reciprocal)}, "Sin": {1, 1, "", unary(sin)}, "Cos": {1, 1, "", unary(cos)},
		"Floor": {1, 1, "", unary(floor)}, "Ceil": {1, 1, "", unary(ceil)}, "Sign": {1, 1, "", unary(sign)}, "Relu": {1, 1, "", unary(relu)},
		"Sigmoid": {1, 1, "", unary(sigmoid)}, "Tanh": {1, 1, "", unary(tanh)}, "Erf": {1, 1, "", unary(erf)}, "Softplus": {1, 1, "", unary(softplus)},
		"LeakyRelu": {1, 1, "alpha", leakyRelu}, "Elu": {1, 1, "alpha", elu}, "HardSigmoid": {1, 1, "alpha beta", hardSigmoid},
		"HardSwish": {1, 1, "", hardSwish}, "Gelu": {1, 1, "approximate", gelu}, "Mish": {1, 1, "", mish}, "Softsign": {1, 1, "", softsign},
		"Clip": {1, 3, "min max", clip}, "Softmax": {1, 1, "axis", softmax(false)}, "LogSoftmax": {1, 1, "axis", softmax(true)},

		"Gemm": {2, 3, "alpha beta transA transB", gemm}, "MatMul": {2, 2, "", matMul},
		"Conv":        {2, 3, "auto_pad dilations group kernel_shape pads strides", convolution},
		"MaxPool":     {1, 1, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", maxPool},
		"AveragePool": {1, 1, "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides", averagePool},

		"GlobalAveragePool": {1, 1, "", globalPool(false)}, "GlobalMaxPool": {1, 1, "", globalPool(true)},
		"BatchNormalization":    {5, 5, "epsilon momentum training_mode spatial", batchNorm},
		"LayerNormalization":    {2, 3, "axis epsilon stash_type", layerNorm},
		"GroupNormalization":    {3, 3, "epsilon num_groups stash_type", groupNorm},
		"InstanceNormalization": {3, 3, "epsilon", instanceNorm}, "RMSNormalization": {2, 2, "axis epsilon stash_type", rmsNorm},

		"ReduceMean": {1, 2, reducing, reduction(means)}, "ReduceSum": {1, 2, reducing, reduction(sums)}, "ReduceMax": {1, 2, reducing, reduction(maxima)},
		"ReduceMin": {1, 2, reducing, reduction(minima)}, "ReduceProd": {1, 2, reducing, reduction(products)},
		"ReduceSumSquare": {1, 2, reducing, reduction(squares)}, "ReduceL2": {1, 2, reducing, reduction(norms)},

		"Reshape": {2, 2, "allowzero", reshape}, "Flatten": {1, 1, "axis", flatten}, "Transpose": {1, 1, "perm", transpose},
		"Squeeze": {1, 2, "axes", squeeze}, "Unsqueeze": {1, 2, "axes", unsqueeze}, "Expand": {2, 2, "", expand}, "Tile": {2, 2, "", tile},
		"Concat": {1, many, "axis", concat}, "Split": {1, 2, "axis split num_outputs", split}, "Slice": {1, 5, "axes ends starts", slice},
		"Gather": {2, 2, "axis", gather}, "Pad": {1, 4, "mode pads value", pad}, "Identity": {1, 1, "", identity}, "Cast": {1, 1, "to saturate", cast},
		"Dropout": {1, 3, "ratio seed", dropout}, "Shape": {1, 1, "start end", shape}, "Size": {1, 1, "", size}, "Range": {3, 3, "", span},
		"Constant":        {0, 0, "value value_float value_floats value_int value_ints", constant},
		"ConstantOfShape": {1, 1, "value", constantOfShape}, "Trilu": {1, 2, "upper", triangle},
	}
}

// accepts refuses a node that has another number of inputs than its operator, or attributes that the rule does not know.
func (r rule) accepts(n *node) error {
	if k := len(n.inputs); k < r.least || k > r.most || len(n.outputs) == 0 {
		return fmt.Errorf("%s has %d inputs and %d outputs", n.op, k, len(n.outputs))
	}
	for k := range r.least {
		if n.inputs[k] == "" {
			return fmt.Errorf("input %d of %s is missing", k, n.op)
		}
	}
	for name := range n.attributes {
		if !slices.Contains(strings.Fields(r.attributes), name) {
			return fmt.Errorf("attribute %q of %s is not supported", name, n.op)
		}
	}
	return nil
}

func (n *node) attribute(name string, kinds int) (attribute, bool) {
	a, ok := n.attributes[name]
	if ok && a.kind != kinds && a.kind != 0 {
		fail("attribute %s has the wrong type", name)
	}
	return a, ok
}

func (n *node) integer(name string, without int) int {
	if a, ok := n.attribute(name, kindInt); ok {
		return int(max(-1<<40, min(1<<40, a.i)))
	}
	return without
}

func (n *node) real(name string, without float64) float64 {
	if a, ok := n.attribute(name, kindFloat); ok {
		return a.f
	}
	return without
}

func (n *node) text(name, without string) string {
	if a, ok := n.attribute(name, kindString); ok {
		return a.s
	}
	return without
}

// integers is a list of whole numbers, nil where it is not there.
func (n *node) integers(name string) []int {
	a, ok := n.attribute(name, kindInts)
	if !ok {
		return nil
	}
	all := make([]int, len(a.ints))
	for k, v := range a.ints {
		all[k] = int(max(-1<<40, min(1<<40, v)))
	}
	return all
}

// optional is an input that may be left out.
func optional(in []value, k int) (value, bool) {
	if k >= len(in) || in[k].absent() {
		return value{}, false
	}
	return in[k], true
}

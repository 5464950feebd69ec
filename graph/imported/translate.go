package imported

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/kernels"
)

// translator rewrites nodes of a source in drift's ops. Each keeps its shape, but that a scalar has shape (1).
type translator struct {
	source  *source
	dtype   kernels.DType
	into    *gorgonia.ExprGraph
	uniform func(shape ...int) *graph.Node // of objective.Net; nil in evaluation
	late    bool                           // the rest of the loss, behind what the network computes
	done    map[*gorgonia.Node]*graph.Node
	alone   map[*gorgonia.Node]*graph.Node // what is the same for all examples, one row [size] for each
}

func (s *source) translator(dt kernels.DType, into *gorgonia.ExprGraph) *translator {
	return &translator{source: s, dtype: dt, into: into, done: make(map[*gorgonia.Node]*graph.Node), alone: make(map[*gorgonia.Node]*graph.Node)}
}

// rules is how the ops are rewritten, given the node and its translated children.
var rules map[string]func(t *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node

func init() {
	rules = map[string]func(*translator, *gorgonia.Node, []*graph.Node) *graph.Node{
		"elemBinOp": binary, "elemUnaryOp": unary, "linAlgBinOp": product,
		"reshapeOp": reshaped, "transposeOp": transposed, "sliceOp": sliced, "concatOp": concatenated, "repeatOp": repeated,
		"sizeOp": sizeOf, "sumOp": summed, "maxOp": largest, "softmaxOp": softmax, "byIndicesOp": gathered,
		"im2colOp": windows, "maxPoolOp": maxPooled, "globalAveragePoolOp": averaged, "upsampleOp": upsampled,
		"dropoutOp": dropped, "GroupNormOp": normalized, "avgPoolOp": meanPooled,
		"minBetween": smaller, "maxBetween": larger, "tensordotOp": contracted,
	}
}

// why says more about ops that are refused.
var why = map[string]string{
	"BatchNormOp": "it makes an example's loss depend on the rest of its batch; use GroupNorm",
	"randomOp":    "its draws belong to no seed",
	"atOp":        "it has no derivative in Gorgonia; use Slice",
	"diagFlatOp":  "it has no derivative in Gorgonia; multiply by a constant diagonal instead",
	"dtConvOp":    "a network is of one type of numbers, which a run chooses",
	"sparsemaxOp": "drift has no projection onto the simplex; use SoftMax",
	"ctcLossOp":   "drift has no alignment of sequences",
}

// translate is a node in drift's ops.
func (t *translator) translate(n *gorgonia.Node) *graph.Node {
	if x, ok := t.done[n]; ok {
		return x
	}
	if _, ok := t.alone[n]; ok {
		fail(n, "is the same for all examples and meets the target: apply it to what the network computes before the target enters")
	}
	x := t.rewrite(n)
	if !slices.Equal(x.Shape(), shapeOf(n)) {
		fail(n, "would become one of shape %v", x.Shape())
	}
	t.done[n] = x
	return x
}

func (t *translator) rewrite(n *gorgonia.Node) *graph.Node {
	if t.source.given(n) {
		fail(n, "meets the target itself: apply it to what the network computes before the target enters")
	}
	if values, ok := uniform(n); ok {
		return t.full(values, shapeOf(n)...)
	}
	if n.Op() == nil {
		return t.constant(n)
	}
	if x := t.convolution(n); x != nil {
		return x
	}
	var in []*graph.Node
	if opName(n) != "sizeOp" {
		for _, c := range children(n) {
			in = append(in, t.translate(c))
		}
	}
	return rules[opName(n)](t, n, in)
}

// refused tells why a node cannot be translated whatever it is made of, "" where it can.
func (s *source) refused(n *gorgonia.Node) string {
	name := opName(n)
	if s.given(n) || isConstant(n) {
		return ""
	}
	if name == "" {
		return "has no value: list it among Params, Inputs or Target, or bind it"
	}
	if _, ok := rules[name]; ok {
		return ""
	}
	if reason, known := why[name]; known {
		return "has no translation: " + reason
	}
	return fmt.Sprintf("has no translation (op %T)", n.Op())
}

// full is a constant.
func (t *translator) full(c float64, shape ...int) *graph.Node {
	return graph.Full(t.into.AllNodes()[0], c, shape...)
}

// uniform is the value of a constant all of whose elements are equal.
func uniform(n *gorgonia.Node) (float64, bool) {
	if !isConstant(n) {
		return 0, false
	}
	values, err := numbers(n)
	if err != nil || slices.ContainsFunc(values, func(v float64) bool { return v != values[0] }) {
		return 0, false
	}
	return values[0], true
}

// isConstant reports a bound leaf or a constant of Gorgonia's. Those that are given otherwise are asked for first.
func isConstant(n *gorgonia.Node) bool {
	name := opName(n)
	return name == "constantScalar" || name == "constantTensor" || name == "" && n.Value() != nil
}

// constant is a bound leaf that is neither parameter nor data.
func (t *translator) constant(n *gorgonia.Node) *graph.Node {
	values, err := numbers(n)
	if err != nil {
		fail(n, "%v", err)
	}
	name := fmt.Sprintf("constant %d", len(t.into.AllNodes()))
	return graph.Constant(t.into, t.dtype, name, values, shapeOf(n)...)
}

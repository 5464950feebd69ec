package onnx

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"drift/data/untrusted"
	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// Versions of the operators of ONNX that are read.
const minOpset, maxOpset = 9, 23

// maxFile is the most bytes of a file that are read: protobuf's own limit.
const maxFile = 1<<31 - 1

func init() { nn.RegisterFile("onnx", Load) }

// Load makes the model of a file for data whose examples have the given shape, and for a loss. Where there are no data both are nil; then
// the file must state the shape of its input.
func Load(path string, example []int, loss nn.Loss) (*nn.Model, error) {
	data, err := contents(path)
	if err != nil {
		return nil, err
	}
	return decode("onnx:"+path, data, example, loss)
}

func contents(path string) ([]byte, error) {
	f, info, err := untrusted.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the name stands in the message already
	}
	defer f.Close()
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// decode makes the model of a file's bytes.
func decode(spec string, data []byte, example []int, loss nn.Loss) (*nn.Model, error) {
	m, err := parseModel(data)
	if err != nil {
		return nil, err
	}
	net, in, err := newNetwork(m)
	if err != nil {
		return nil, err
	}
	net.source = data
	shape, err := in.example(example)
	if err != nil {
		return nil, err
	}
	if err := net.try(shape); err != nil {
		return nil, err
	}
	input := objective.Input{Name: in.name, Shape: shape}
	if types[in.elem].kind == whole {
		if input.Index = net.tokens; input.Index == 0 {
			return nil, fmt.Errorf("its input %s holds whole numbers, but no Gather looks them up in a table", in.name)
		}
	}
	if loss == nil {
		loss = nn.CrossEntropy{}
		if net.out[len(net.out)-1] < 2 {
			loss = nn.MSE{}
		}
	}
	return nn.Whole(spec, input, loss, net)
}

// example is the shape of an example: what the file says, and the data's where it leaves sizes open.
func (v valueInfo) example(data []int) ([]int, error) {
	if !v.known || len(v.shape) < 2 {
		if v.known || data == nil {
			return nil, fmt.Errorf("its input %s has shape %v: want the batch and at least one axis more", v.name, v.shape)
		}
		return data, nil
	}
	own := slices.Clone(v.shape[1:])
	data = nn.Squeezed(data, len(own))
	for k, d := range own {
		switch {
		case d >= 0:
		case data == nil:
			return nil, fmt.Errorf("its input %s leaves axis %d open, which follows from the data: say which", v.name, k+1)
		case len(data) != len(own):
			return nil, fmt.Errorf("its input %s has %d axes an example but the data have shape %v", v.name, len(own), data)
		default:
			own[k] = data[k]
		}
	}
	n, err := volume(own)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("its input %s has shape %v", v.name, own)
	}
	if data != nil && !slices.Equal(own, data) && (product(data) != n || len(own) > 1 && len(data) > 1) {
		return nil, fmt.Errorf("it takes examples of shape %v but the data have shape %v", own, data)
	}
	return own, nil
}

// newNetwork sorts a model's values into parameters, buffers and constants. It refuses operators that are not known.
func newNetwork(m *model) (*network, valueInfo, error) {
	if m.opset < minOpset || m.opset > maxOpset {
		return nil, valueInfo{}, fmt.Errorf("it is for version %d of ONNX's operators: export it for %d … %d, 17 for example", m.opset, minOpset, maxOpset)
	}
	tensors := make(map[string]*tensor)
	for _, t := range m.initializers {
		if t.name == "" || tensors[t.name] != nil {
			return nil, valueInfo{}, fmt.Errorf("two initializers are called %q, or one has no name", t.name)
		}
		tensors[t.name] = t
	}
	var inputs []valueInfo
	for _, in := range m.inputs {
		if tensors[in.name] == nil {
			inputs = append(inputs, in)
		}
	}
	if len(inputs) != 1 || len(m.outputs) != 1 {
		return nil, valueInfo{}, fmt.Errorf("it has inputs %s and outputs %s: want one of each", names(inputs), names(m.outputs))
	}
	in := inputs[0]
	if k, ok := types[in.elem]; !ok || k.kind == truth {
		return nil, in, fmt.Errorf("its input %s holds neither floating nor whole numbers", in.name)
	}
	net := &network{opset: m.opset, input: in.name, whole: types[in.elem].kind == whole, output: m.outputs[0].name, arrays: make(map[string]*array)}
	var err error
	if net.nodes, err = needed(m.nodes, net.output); err != nil {
		return nil, in, err
	}
	return net, in, net.sort(m.initializers)
}

func names(all []valueInfo) string {
	var list []string
	for _, v := range all {
		list = append(list, v.name)
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// needed is the nodes that an output is computed by, in their order.
func needed(all []*node, output string) ([]*node, error) {
	wanted, unknown := map[string]bool{output: true}, map[string]int{}
	var nodes []*node
	for _, n := range slices.Backward(all) {
		if !slices.ContainsFunc(n.outputs, func(o string) bool { return o != "" && wanted[o] }) {
			continue
		}
		nodes = append(nodes, n)
		for _, in := range n.inputs {
			wanted[in] = true
		}
		if rule, ok := rules[n.op]; !ok || n.domain != "" && n.domain != "ai.onnx" {
			unknown[n.kind()]++
		} else if err := rule.accepts(n); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
	}
	slices.Reverse(nodes)
	if len(unknown) == 0 {
		return nodes, nil
	}
	for _, n := range nodes {
		if k := n.kind(); unknown[k] > 0 {
			others := ""
			if len(unknown) > 1 {
				others = fmt.Sprintf("; nor are %d others of its operators", len(unknown)-1)
			}
			return nil, fmt.Errorf("%s: operator %s is not supported%s", n, k, others)
		}
	}
	return nodes, nil
}

// kind is a node's operator with its domain.
func (n *node) kind() string {
	if n.domain == "" || n.domain == "ai.onnx" {
		return n.op
	}
	return n.domain + "." + n.op
}

// String names the node in messages.
func (n *node) String() string {
	if n.name == "" && len(n.outputs) > 0 {
		return fmt.Sprintf("the node of %q", n.outputs[0])
	}
	return fmt.Sprintf("node %q", n.name)
}

// sort tells parameters, buffers and constants among the initializers that nodes read.
func (net *network) sort(initializers []*tensor) error {
	use := map[string]role{}
	for _, n := range net.nodes {
		for k, in := range n.inputs {
			use[in] = max(use[in], roleOf(n.op, k))
		}
	}
	for _, t := range initializers {
		r, read := use[t.name]
		switch {
		case !read:
		case t.kind() != numbers || r == constants || r == parameters && !finite(t):
			net.arrays[t.name] = t.array()
		case len(t.shape) > 0 && product(t.shape) == 0:
			return fmt.Errorf("initializer %q of shape %v has no elements", t.name, t.shape)
		case r == statistics:
			net.buffers = append(net.buffers, t)
		default:
			net.params = append(net.params, t)
		}
	}
	return nil
}

// role is what an initializer of floating numbers is by its uses.
type role uint8

const (
	constants  role = iota + 1 // bounds and exponents
	statistics                 // of a frozen normalization
	parameters
)

// roleOf is the role of what a node reads as its k-th input.
func roleOf(op string, k int) role {
	switch {
	case (op == "Clip" || op == "Pad" || op == "Pow") && k > 0:
		return constants
	case op == "BatchNormalization" && k > 2:
		return statistics
	}
	return parameters
}

func finite(t *tensor) bool {
	n, _ := volume(t.shape)
	values := make([]float64, n)
	t.read(values)
	return !slices.ContainsFunc(values, func(v float64) bool { return v-v != 0 })
}

// try builds the network for batches of two sizes and keeps what is known from that: the shape of an example's output, what each node does, and
// the number of rows of the table in which the input is looked up.
func (net *network) try(example []int) error {
	for _, n := range []int{2, 3} {
		err := graph.Try(func() {
			g := graph.New()
			b := net.builder(graph.Input(g, kernels.Float64, "input", append([]int{n}, example...)...))
			for _, t := range net.params {
				b.give(t, graph.Input(g, kernels.Float64, "parameter "+t.name, held(t.shape)...))
			}
			for _, t := range net.buffers {
				b.give(t, graph.Input(g, kernels.Float64, "buffer "+t.name, held(t.shape)...))
			}
			out := b.run()
			if out.constant() || len(out.shape) == 0 || out.shape[0] != n {
				fail("its output %s has shape %v for a batch of %d examples: want the batch as its first axis; export it with a dynamic batch axis", net.output, out.shape, n)
			}
			net.out, net.tokens, net.lines, net.products = out.shape[1:], b.tokens, b.lines, b.products/n
			if len(net.out) == 0 {
				net.out = []int{1}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// initial gives a tensor's values as an initial distribution.
func initial(t *tensor) nn.Init {
	return func(_ *rand.Rand, into []float64) { t.read(into) }
}

package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Bounds on what a file may make of few bytes.
const (
	maxNodes  = 50_000  // operators; building a graph costs quadratic time
	maxValues = 200_000 // initializers, inputs and outputs
	maxParts  = 4096    // inputs, outputs and attributes of one node
)

// model is the parts of ONNX's ModelProto that are read.
type model struct {
	opset        int
	nodes        []*node
	initializers []*tensor
	inputs       []valueInfo
	outputs      []valueInfo
}

type node struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       map[string]attribute
}

type attribute struct {
	kind   int // ONNX's AttributeType
	f      float64
	i      int64
	s      string
	t      *tensor
	floats []float64
	ints   []int64
}

// ONNX's AttributeType.
const (
	kindFloat  = 1
	kindInt    = 2
	kindString = 3
	kindTensor = 4
	kindFloats = 6
	kindInts   = 7
)

// valueInfo is an input or output of the graph: the type of its elements, 0 where it is no tensor, and its shape, with −1 for sizes that the file
// leaves open; known is false where there is no shape.
type valueInfo struct {
	name  string
	elem  int
	shape []int
	known bool
}

func parseModel(data []byte) (*model, error) {
	m := &model{}
	graphs := 0
	err := message(data, func(num protowire.Number, v field) error {
		switch num {
		case 7:
			graphs++
			return m.parseGraph(v.bytes)
		case 8:
			return m.parseOpset(v.bytes)
		}
		return nil
	})
	if err == nil && graphs != 1 {
		err = fmt.Errorf("it holds %d graphs: it is no ONNX model", graphs)
	}
	return m, err
}

func (m *model) parseOpset(data []byte) error {
	domain, version := "", 0
	err := message(data, func(num protowire.Number, v field) error {
		switch num {
		case 1:
			domain = string(v.bytes)
		case 2:
			version = int(min(v.number, 1<<20))
		}
		return nil
	})
	if domain == "" || domain == "ai.onnx" {
		m.opset = version
	}
	return err
}

func (m *model) parseGraph(data []byte) error {
	return message(data, func(num protowire.Number, v field) (err error) {
		if len(m.nodes) > maxNodes || len(m.initializers)+len(m.inputs)+len(m.outputs) > maxValues {
			return fmt.Errorf("more than %d nodes or %d values", maxNodes, maxValues)
		}
		switch num {
		case 1:
			n, err := parseNode(v.bytes)
			m.nodes = append(m.nodes, n)
			return err
		case 5:
			t, err := parseTensor(v.bytes)
			m.initializers = append(m.initializers, t)
			return err
		case 11:
			m.inputs, err = addInfo(m.inputs, v.bytes)
		case 12:
			m.outputs, err = addInfo(m.outputs, v.bytes)
		case 15:
			return fmt.Errorf("it has sparse initializers: save it with dense ones")
		}
		return err
	})
}

func parseNode(data []byte) (*node, error) {
	n := &node{attributes: map[string]attribute{}}
	err := message(data, func(num protowire.Number, v field) error {
		if len(n.inputs)+len(n.outputs)+len(n.attributes) > maxParts {
			return fmt.Errorf("a node has more than %d inputs, outputs and attributes", maxParts)
		}
		switch num {
		case 1:
			n.inputs = append(n.inputs, string(v.bytes))
		case 2:
			n.outputs = append(n.outputs, string(v.bytes))
		case 3:
			n.name = string(v.bytes)
		case 4:
			n.op = string(v.bytes)
		case 5:
			name, a, err := parseAttribute(v.bytes)
			n.attributes[name] = a
			return err
		case 7:
			n.domain = string(v.bytes)
		}
		return nil
	})
	return n, err
}

func parseAttribute(data []byte) (name string, a attribute, err error) {
	err = message(data, func(num protowire.Number, v field) (err error) {
		switch num {
		case 1:
			name = string(v.bytes)
		case 2:
			a.f = float64(math.Float32frombits(uint32(v.number)))
		case 3:
			a.i = int64(v.number)
		case 4:
			a.s = string(v.bytes)
		case 5:
			a.t, err = parseTensor(v.bytes)
		case 7:
			return v.fixed(4, func(x float64) { a.floats = append(a.floats, x) })
		case 8:
			return v.varints(func(x uint64) { a.ints = append(a.ints, int64(x)) })
		case 20:
			a.kind = int(min(v.number, 100))
		}
		return err
	})
	return name, a, err
}

func addInfo(all []valueInfo, data []byte) ([]valueInfo, error) {
	var v valueInfo
	err := message(data, func(num protowire.Number, f field) error {
		switch num {
		case 1:
			v.name = string(f.bytes)
		case 2: // TypeProto
			return message(f.bytes, func(num protowire.Number, f field) error {
				if num == 1 { // TypeProto.Tensor
					return v.parseType(f.bytes)
				}
				return nil
			})
		}
		return nil
	})
	return append(all, v), err
}

func (v *valueInfo) parseType(data []byte) error {
	return message(data, func(num protowire.Number, f field) error {
		switch num {
		case 1:
			v.elem = int(min(f.number, 100))
		case 2: // TensorShapeProto
			v.known = true
			return message(f.bytes, func(num protowire.Number, f field) error {
				if num != 1 {
					return nil
				}
				if len(v.shape) > maxRank {
					return fmt.Errorf("%s has more than %d axes", v.name, maxRank)
				}
				size := -1
				err := message(f.bytes, func(num protowire.Number, f field) error {
					if num == 1 {
						size = int(min(f.number, maxElements+1))
					}
					return nil
				})
				v.shape = append(v.shape, size)
				return err
			})
		}
		return nil
	})
}

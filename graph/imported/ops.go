package imported

import (
	"fmt"
	"hash"
	"reflect"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph"
)

// children is what a node is computed from. The graph's own edges are not used, as Gorgonia's stabilisation removes some.
func children(n *gorgonia.Node) []*gorgonia.Node {
	field := reflect.ValueOf(n).Elem().FieldByName("children")
	all := make([]*gorgonia.Node, field.Len())
	for i := range all {
		all[i] = (*gorgonia.Node)(field.Index(i).UnsafePointer())
	}
	return all
}

// opName is the name of the type of a node's op, without its package; empty for a leaf.
func opName(n *gorgonia.Node) string {
	if n.Op() == nil {
		return ""
	}
	t := reflect.TypeOf(n.Op()).String()
	return t[strings.LastIndex(t, ".")+1:]
}

// attribute is a field of a node's op.
func attribute(n *gorgonia.Node, name string) reflect.Value {
	f := reflect.Indirect(reflect.ValueOf(n.Op())).FieldByName(name)
	if !f.IsValid() {
		fail(n, "has no field %s: this is made for Gorgonia v0.9.18", name)
	}
	return f
}

func integer(n *gorgonia.Node, name string) int { return int(attribute(n, name).Int()) }

func integers(n *gorgonia.Node, name string) []int {
	f := attribute(n, name)
	all := make([]int, f.Len())
	for i := range all {
		all[i] = int(f.Index(i).Int())
	}
	return all
}

// binaryKind is which function of two values an elemBinOp is, by Gorgonia's numbers.
func binaryKind(n *gorgonia.Node) uint64 {
	return attribute(n, "ʘBinaryOperator").Elem().FieldByName("ʘBinaryOperatorType").Uint()
}

// unaryKind is which function an elemUnaryOp is: it writes its number first when it is hashed.
func unaryKind(n *gorgonia.Node) int {
	var w firstByte
	n.Op().WriteHash(&w)
	return w.value
}

// firstByte keeps the first byte that is written to it.
type firstByte struct {
	hash.Hash
	value   int
	written bool
}

func (w *firstByte) Write(p []byte) (int, error) {
	if !w.written && len(p) > 0 {
		w.value, w.written = int(p[0]), true
	}
	return len(p), nil
}

// shapeOf is the shape of a node, (1) for a scalar.
func shapeOf(n *gorgonia.Node) []int {
	if n.Dims() == 0 || len(n.Shape()) == 0 {
		return []int{1}
	}
	return n.Shape()
}

func size(n *gorgonia.Node) int {
	size := 1
	for _, s := range shapeOf(n) {
		size *= s
	}
	return size
}

// numbers is the value that a leaf or a constant is bound to.
func numbers(n *gorgonia.Node) ([]float64, error) {
	v := n.Value()
	if v == nil {
		return nil, fmt.Errorf("no value")
	}
	data := v.Data()
	if t, ok := v.(*tensor.Dense); ok && t.RequiresIterator() {
		data = t.Materialize().Data()
	}
	switch x := data.(type) {
	case []float64:
		return append([]float64(nil), x...), nil
	case []float32:
		wide := make([]float64, len(x))
		for i := range x {
			wide[i] = float64(x[i])
		}
		return wide, nil
	case []int: // indices
		whole := make([]float64, len(x))
		for i := range x {
			whole[i] = float64(x[i])
		}
		return whole, nil
	case float64:
		return []float64{x}, nil
	case float32:
		return []float64{float64(x)}, nil
	}
	return nil, fmt.Errorf("a value of type %T: only float64, float32 and int are known", data)
}

// fail refuses a node by name.
func fail(n *gorgonia.Node, format string, args ...any) {
	graph.Fail(refusal(n, fmt.Sprintf(format, args...)))
}

func refusal(n *gorgonia.Node, reason string) error {
	return fmt.Errorf("node %d, %v of shape %v: %s", n.ID(), name(n), n.Shape(), reason)
}

func name(n *gorgonia.Node) any {
	if n.Op() != nil {
		return n.Op()
	}
	return n.Name()
}

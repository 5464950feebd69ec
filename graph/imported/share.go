package imported

import (
	"errors"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// outputs is what Losses needs of a batch.
func (s *source) outputs(t *translator, single bool) *graph.Node {
	if s.Target == nil {
		return s.total(t)
	}
	if single {
		return t.translate(s.cut[0])
	}
	var columns []*graph.Node
	for _, n := range s.cut {
		columns = append(columns, s.rows(n, t.translate(n)))
	}
	if len(columns) == 0 {
		graph.Fail(errors.New("imported graph: the loss depends on nothing but the target"))
	}
	return graph.Concat(1, columns...)
}

// rows is a value with one row for each example.
func (s *source) rows(n *gorgonia.Node, x *graph.Node) *graph.Node {
	if s.batched(n) {
		if graph.Size(x)%s.n != 0 {
			fail(n, "is made of data without being each example's own: examples influence each other")
		}
		return graph.Reshape(x, s.n, graph.Size(x)/s.n)
	}
	return graph.Broadcast(graph.Flatten(x), 0, s.n)
}

// losses is the loss of each example from what outputs made.
func (s *source) losses(t *translator, outputs *graph.Node, single bool) *graph.Node {
	if s.Target == nil {
		return outputs
	}
	if single {
		t.done[s.cut[0]] = graph.Reshape(outputs, shapeOf(s.cut[0])...)
		return s.total(t)
	}
	at := 0
	for _, n := range s.cut {
		width := size(n)
		if s.batched(n) {
			width /= s.n
		}
		part := graph.SliceAxis(outputs, 1, at, at+width)
		at += width
		if s.batched(n) {
			t.done[n] = graph.Reshape(part, shapeOf(n)...)
		} else {
			t.alone[n] = part
		}
	}
	return s.total(t)
}

// total is the sum of the terms, [n].
func (s *source) total(t *translator) *graph.Node {
	var whole *graph.Node
	for _, term := range s.terms {
		part := s.share(t, term)
		if whole == nil {
			whole = part
		} else {
			whole = graph.Add(whole, part)
		}
	}
	return whole
}

// share is a term of each example's loss, [n].
func (s *source) share(t *translator, term term) *graph.Node {
	rows, shared := t.alone[term.node]
	if !shared {
		rows = s.rows(term.node, t.translate(term.node))
	}
	return graph.Scale(graph.SumTail(rows), term.factor)
}

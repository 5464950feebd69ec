package nn

import (
	"fmt"
	"slices"
	"strconv"

	"drift/graph"
)

// Concat applies every branch to the same input and puts the results behind each other: along the channels of images, else along
// the last axis. An empty branch is the identity. Parameters of layer 0 in branch 1 are named "3.1.0.weight" in the block at 3.
type Concat struct {
	Branches []Layers `json:"branches"`
}

// concatAxis is the axis along which examples of a given number of axes are joined.
func concatAxis(axes int) int {
	if axes == 3 {
		return 0
	}
	return axes - 1
}

// Shape is that of the branches, which may differ along the axis alone.
func (l Concat) Shape(s *Scope, in []int) ([]int, error) {
	if len(l.Branches) == 0 {
		return nil, fmt.Errorf("there are no branches")
	}
	var all []int
	for k, branch := range l.Branches {
		out, err := s.Within(strconv.Itoa(k), branch, in)
		if err != nil {
			return nil, fmt.Errorf("branch %d: %w", k, err)
		}
		if all == nil {
			all = slices.Clone(out)
			continue
		}
		axis := concatAxis(len(all))
		if len(out) != len(all) || !slices.Equal(out[:axis], all[:axis]) || !slices.Equal(out[axis+1:], all[axis+1:]) {
			return nil, fmt.Errorf("branch %d ends in shape %s, those before it in %s: they may differ along axis %d alone", k, dims(out), dims(all), axis)
		}
		all[axis] += out[axis]
	}
	return all, nil
}

// Build joins the branches.
func (l Concat) Build(b *Build, x *graph.Node) *graph.Node {
	parts := make([]*graph.Node, len(l.Branches))
	for k, branch := range l.Branches {
		parts[k] = b.Within(strconv.Itoa(k), branch, x)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return graph.Concat(1+concatAxis(parts[0].Dims()-1), parts...)
}

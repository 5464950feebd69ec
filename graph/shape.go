package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

const maxRank = 6

// dims is a shape as a comparable value.
type dims struct {
	rank int
	n    [maxRank]int
}

func dimsOf(shape ...int) dims {
	if len(shape) < 1 || len(shape) > maxRank {
		misuse("shape %v: rank must be 1 to %d, and a scalar has shape (1)", shape, maxRank)
	}
	d := dims{rank: len(shape)}
	for i, s := range shape {
		if s < 0 {
			misuse("shape %v has a negative size", shape)
		}
		d.n[i] = s
	}
	return d
}

func (d dims) shape() tensor.Shape { return slices.Clone(d.n[:d.rank]) }
func (d dims) String() string      { return fmt.Sprint(d.n[:d.rank]) }

func (d dims) size() int { return product(d.n[:d.rank]) }

func product(sizes []int) int {
	p := 1
	for _, s := range sizes {
		p *= s
	}
	return p
}

// around splits a shape at an axis into the sizes before it, of it and behind it.
func around(shape []int, axis int) (a, b, c int) {
	if axis < 0 || axis >= len(shape) {
		misuse("axis %d of shape %v", axis, shape)
	}
	return product(shape[:axis]), shape[axis], product(shape[axis+1:])
}

func mustMatch(what string, x, y tensor.Shape) {
	if !slices.Equal(x, y) {
		misuse("%s: shapes %v and %v differ", what, x, y)
	}
}

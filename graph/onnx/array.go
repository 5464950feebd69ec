package onnx

import (
	"fmt"
	"math"
	"slices"

	"drift/graph"
)

// array is a value that does not depend on data or parameters, such as a shape, computed while the graph is built.
type array struct {
	shape  []int
	kind   kind
	values []float64
}

// maxFolded is the most elements of all arrays that are computed for one graph together.
const maxFolded = 1 << 24

func (t *tensor) array() *array {
	n, _ := volume(t.shape)
	a := &array{t.shape, t.kind(), make([]float64, n)}
	t.read(a.values)
	return a
}

// array makes room for one, within what is left.
func (b *builder) array(k kind, shape ...int) *array {
	n, err := volume(shape)
	if err == nil && n > b.left {
		err = fmt.Errorf("a constant of shape %v: more than %d elements are computed of constants", shape, maxFolded)
	}
	if err != nil {
		graph.Fail(err)
	}
	b.left -= n
	return &array{slices.Clone(shape), k, make([]float64, n)}
}

// integers is a vector of whole numbers.
func integers(x ...int) *array {
	a := &array{[]int{len(x)}, whole, make([]float64, len(x))}
	for k, v := range x {
		a.values[k] = float64(v)
	}
	return a
}

// ints is the elements as whole numbers within ±2⁴⁰, which stand for "to the end" in slices.
func (a *array) ints() []int {
	all := make([]int, len(a.values))
	for k, v := range a.values {
		all[k] = int(math.Max(-1<<40, math.Min(1<<40, v)))
	}
	return all
}

// uniform reports that all elements are the same.
func (a *array) uniform() (float64, bool) {
	if len(a.values) == 0 {
		return 0, false
	}
	for _, v := range a.values {
		if v != a.values[0] && !(v != v && a.values[0] != a.values[0]) {
			return 0, false
		}
	}
	return a.values[0], true
}

// taken is an array of a shape whose element with the index i is a's at place(i).
func (b *builder) taken(a *array, shape []int, place func(i []int) int) *array {
	out := b.array(a.kind, shape...)
	i := make([]int, len(shape))
	for k := range out.values {
		out.values[k] = a.values[place(i)]
		next(i, shape)
	}
	return out
}

// next is the index behind i in a shape.
func next(i, shape []int) {
	for k := len(i) - 1; k >= 0; k-- {
		if i[k]++; i[k] < shape[k] {
			return
		}
		i[k] = 0
	}
}

// strides of a shape in order.
func strides(shape []int) []int {
	s, step := make([]int, len(shape)), 1
	for k := len(shape) - 1; k >= 0; k-- {
		s[k], step = step, step*shape[k]
	}
	return s
}

// expanded repeats axes of length 1.
func (b *builder) expanded(a *array, shape []int) *array {
	if slices.Equal(a.shape, shape) {
		return a
	}
	s, skip := strides(a.shape), len(shape)-len(a.shape)
	return b.taken(a, shape, func(i []int) (at int) {
		for k, step := range s {
			if a.shape[k] > 1 {
				at += step * i[skip+k]
			}
		}
		return at
	})
}

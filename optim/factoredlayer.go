package optim

import (
	"fmt"

	"drift/graph/objective"
)

// factoredLayer is a weight, seen as [out,in], with the bias as its last column where there is one. The groups of a convolution are layers of
// their own, which lie one behind the other.
type factoredLayer struct {
	weight, bias    int // of the parameters; bias −1: none
	params          []objective.Param
	in, out         int       // of a group
	groups          []*factor // 1 but for convolutions in groups
	moments, scales int       // where they are
	positions       float64   // at which the weight is applied to an example
}

// middle is where the moments of the outputs begin, and end what lies behind them.
func (l *factoredLayer) middle() int { return l.moments + len(l.groups)*l.in*l.in }
func (l *factoredLayer) end() int    { return l.middle() + len(l.groups)*l.out*l.out }

// shape puts the groups before the axes of what each of them has.
func (l *factoredLayer) shape(axes ...int) []int {
	if len(l.groups) == 1 {
		return axes
	}
	return append([]int{len(l.groups)}, axes...)
}

// precondition replaces the layer's part of a gradient [P].
func (l *factoredLayer) precondition(g []float64, eigen bool, damping float64) {
	for k, f := range l.groups {
		l.exchange(k, g, func(matrix, flat *float64) { *matrix = *flat })
		f.precondition(eigen, damping)
		l.exchange(k, g, func(matrix, flat *float64) { *flat = *matrix })
	}
}

// exchange visits the elements of a group's gradient with theirs in a vector [P].
func (l *factoredLayer) exchange(group int, g []float64, each func(matrix, flat *float64)) {
	m, width, first := l.groups[group].gradient.RawMatrix().Data, l.params[0].Len/(l.out*len(l.groups)), group*l.out
	for r := range l.out {
		for c := range width {
			each(&m[r*l.in+c], &g[l.params[0].Offset+(first+r)*width+c])
		}
		if l.bias >= 0 {
			each(&m[r*l.in+width], &g[l.params[1].Offset+first+r])
		}
	}
}

func (l *factoredLayer) state(s objective.State) {
	if len(l.groups) == 1 {
		l.groups[0].state(s)
		return
	}
	for k, f := range l.groups {
		f.state(s.In(fmt.Sprint(k)))
	}
}

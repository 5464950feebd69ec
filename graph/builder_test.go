package graph_test

import (
	"fmt"
	"strings"
	"testing"

	. "drift/graph"
)

// A buffer is one leaf in any shape, and what is set is written after all reads.
func TestProgramOfBuffers(t *testing.T) {
	x, y := buffer(t, 1, 2, 3, 4), buffer(t, 5, 6, 7, 8)
	var norm, scale *Node
	p, err := NewProgram(device, f64, func(b *Builder) {
		scale = b.Input("scale", 1)
		m := b.Leaf(x, 2, 2)
		flat := b.Leaf(x, 4)
		b.Set(flat, b.Leaf(y, 4))
		b.Set(b.Leaf(y, 2, 2), Mul(Transpose(m), BroadcastScalar(scale, 2, 2)))
		norm = SquaredNorm([]*Node{flat})
		b.Output(norm)
	})
	must(t, err)
	defer p.Close()
	if err := p.Run(); err == nil {
		t.Error("scale has no value: want an error")
	}
	must(t, p.Buffer(scale).Write([]float64{2}))
	must(t, p.Run())
	near(t, "x", contents(t, x), []float64{5, 6, 7, 8}, 0)
	near(t, "y", contents(t, y), []float64{2, 6, 4, 8}, 0)
	near(t, "norm of the old x", contents(t, p.Buffer(norm)), []float64{30}, 0)
}

func TestBuilderRefuses(t *testing.T) {
	x := buffer(t, 1, 2, 3, 4)
	for what, build := range map[string]func(b *Builder){
		"a buffer of 4":             func(b *Builder) { b.Leaf(x, 3) },
		"4 elements":                func(b *Builder) { b.Leaf(x, 4); b.Leaf(x, 3) },
		"(4) and (2, 2)":            func(b *Builder) { b.Set(b.Leaf(x, 4), b.Leaf(x, 2, 2)) },
		"set twice":                 func(b *Builder) { b.Set(b.Leaf(x, 4), b.Leaf(x, 4)); b.Set(b.Leaf(x, 2, 2), b.Leaf(x, 2, 2)) },
		"is computed":               func(b *Builder) { s := Square(b.Leaf(x, 4)); b.Set(s, s) },
		"an output or an update":    func(b *Builder) { b.Leaf(x, 4) },
		"shape (4) is no matrix":    func(b *Builder) { b.Output(Softmax(b.Leaf(x, 4))) },
		"there already with shape ": func(b *Builder) { b.Input("in", 1); b.Input("in", 1) },
	} {
		_, err := NewProgram(device, f64, build)
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want an error about %q", fmt.Sprint(err), what)
		}
	}
}

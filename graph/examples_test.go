package graph_test

import (
	"math/rand/v2"
	"testing"

	. "drift/graph"
)

// wild is a random expression over data [n,2,3] and a weight [3,3] that ends in one value an example, and may mix examples on the way.
func wild(r *rand.Rand, g []*Node, n int) *Node {
	x, w := g[0], g[1]
	nodes := []*Node{x}
	pick := func() *Node { return nodes[len(nodes)-1-r.IntN(min(len(nodes), 3))] }
	weight := func() *Node {
		return []*Node{w, Tanh(w), Transpose(w), Scale(w, 0.5), MatMul(w, w), Softmax(w), Reshape(Flatten(w), 3, 3)}[r.IntN(7)]
	}
	for range 2 + r.IntN(5) {
		z := pick()
		size := Size(z)
		var y *Node
		switch r.IntN(10) {
		case 0:
			y = Tanh(z)
		case 1:
			perm := r.Perm(z.Dims())
			y = Transpose(z, perm...)
		case 2:
			shapes := [][]int{{n, size / n}, {size / n, n}, {size}, {n, 2, size / n / 2}, {2, size / 2}, {2, n, size / n / 2}}
			if shape := shapes[r.IntN(len(shapes))]; productOf(shape) == size {
				y = Reshape(z, shape...)
			}
		case 3:
			if z.Dims() > 1 {
				y = Sum(z, r.IntN(z.Dims()))
			}
		case 4:
			y = Broadcast(z, r.IntN(z.Dims()+1), []int{2, n}[r.IntN(2)])
		case 5:
			if last := z.Shape()[z.Dims()-1]; last == 3 {
				y = Reshape(MatMul(Reshape(z, size/3, 3), weight()), z.Shape()...)
			}
		case 6:
			if z.Dims() == 2 && z.Shape()[0] == 3 {
				y = MatMul(weight(), z)
			}
		case 7:
			if z.Dims() == 2 {
				y = Softmax(z)
			}
		case 8:
			if axis := r.IntN(z.Dims()); z.Shape()[axis] > 1 {
				y = PadAxis(SliceAxis(z, axis, 1, z.Shape()[axis]), axis, r.IntN(2), z.Shape()[axis])
			}
		default:
			if o := pick(); Size(o) == size {
				y = Mul(z, Reshape(o, z.Shape()...))
			}
		}
		if y != nil && Size(y) <= 2000 && y.Dims() < 5 {
			nodes = append(nodes, y)
		}
	}
	z := pick()
	if Size(z)%n != 0 {
		return nil
	}
	z = Reshape(z, n, Size(z)/n)
	return SumTail(Mul(Sigmoid(z), BroadcastScalar(SumAll(w), z.Shape()...)))
}

func productOf(shape []int) int {
	p := 1
	for _, s := range shape {
		p *= s
	}
	return p
}

// Where the examples are found to keep apart, no example's loss moves when another example does, and per-example gradients are those
// of each loss.
func TestExamplesFoundApartAreApart(t *testing.T) {
	const n = 4
	accepted, refused := 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 3))
		g := New()
		x, w := Input(g, f64, "x", n, 2, 3), Input(g, f64, "w", 3, 3)
		loss := wild(r, []*Node{x, w}, n)
		if loss == nil {
			continue
		}
		if err := CheckExamples(loss, []*Node{w}, x); err != nil {
			refused++
			continue
		}
		accepted++
		v := values{x: normal(r, 6*n), w: normal(r, 9)}
		outputs := []*Node{NewPerExample(loss, []*Node{w}).Materialize()[0], loss}
		for i := range n {
			one := SliceAxis(loss, 0, i, i+1)
			outputs = append(outputs, defined(Grad([]*Node{one}, []*Node{nil}, []*Node{w}), []*Node{w})...)
		}
		before := evaluate(t, v, outputs...)
		near(t, "per-example gradients", before[0], flat(before[2:]), 1e-10)
		moved := r.IntN(n)
		for k := range 6 {
			v[x][moved*6+k] += 0.5
		}
		after := evaluate(t, v, loss)[0]
		for i := range n {
			if i != moved && after[i] != before[1][i] {
				t.Errorf("seed %d: the loss of example %d depends on example %d", seed, i, moved)
			}
		}
	}
	if accepted < 50 || refused < 50 {
		t.Errorf("%d accepted and %d refused: want many of both", accepted, refused)
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}

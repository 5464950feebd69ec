package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "drift/graph"
	"drift/kernels"
)

// varied is a program over buffers that have names.
type varied struct {
	*Program
	dtype   kernels.DType
	buffers map[string]kernels.Buffer
}

// fill writes random numbers to a buffer.
func (p *varied) fill(t testing.TB, name string, seed uint64) {
	t.Helper()
	b := p.buffers[name]
	x := normal(rand.New(rand.NewPCG(seed, 8)), b.Len())
	for i := range x {
		x[i] *= 0.3
	}
	must(t, b.Write(x))
}

// vary builds a program over buffers of its own.
func vary(t testing.TB, dt kernels.DType, arena kernels.Buffer, build func(b *Builder, leaf func(name string, shape ...int) *Node)) *varied {
	t.Helper()
	p := &varied{dtype: dt, buffers: make(map[string]kernels.Buffer)}
	b := NewBuilder(dt)
	must(t, Try(func() {
		build(b, func(name string, shape ...int) *Node {
			if p.buffers[name] == nil {
				n := 1
				for _, d := range shape {
					n *= d
				}
				buf, err := device.NewBuffer(dt, n)
				must(t, err)
				p.buffers[name] = buf
			}
			return b.Leaf(p.buffers[name], shape...)
		})
	}))
	plan, err := b.Plan()
	must(t, err)
	p.Program, err = b.Load(plan, device, arena)
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

// bits is what all buffers hold.
func (p *varied) bits(t testing.TB) map[string][]uint64 {
	t.Helper()
	all := make(map[string][]uint64)
	for name, b := range p.buffers {
		for _, x := range contents(t, b) {
			all[name] = append(all[name], math.Float64bits(x))
		}
	}
	return all
}

// both does the same to a program that makes use of what lasts and to one that computes everything, and compares all bits. It reports whether the first made use of it.
func both(t *testing.T, what string, p, whole *varied, do func(p *varied)) bool {
	t.Helper()
	before := p.Again()
	for _, q := range []*varied{p, whole} {
		do(q)
	}
	whole.Forget()
	must(t, p.Run())
	must(t, whole.Run())
	want := whole.bits(t)
	for name, got := range p.bits(t) {
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s: %s has other bits", what, name)
		}
	}
	return p.Again() > before
}

// randomProgram leaves functions of two steady matrices and one that varies in buffers of the caller, one of them a running sum.
func randomProgram(seed uint64) func(b *Builder, leaf func(string, ...int) *Node) {
	return func(b *Builder, leaf func(string, ...int) *Node) {
		n := 3 + int(seed%2)*9
		r := rand.New(rand.NewPCG(seed, 9))
		v := leaf("v", n, n)
		nodes := []*Node{leaf("a", n, n), leaf("b", n, n), v}
		b.Varying(v)
		pick := func() *Node { return nodes[len(nodes)-1-r.IntN(min(len(nodes), 8))] }
		for range 40 {
			x, y := pick(), pick()
			nodes = append(nodes, []func() *Node{
				func() *Node { return Tanh(x) }, func() *Node { return Add(x, Scale(y, 0.5)) }, func() *Node { return Mul(x, Sigmoid(y)) },
				func() *Node { return Tanh(MatMul(x, y)) }, func() *Node { return Sub(x, BroadcastTail(Mean(y, 1), n, n)) },
				func() *Node { return Relu(Add(MatMul(x, y), Broadcast(Mean(x, 0), 0, n))) },
				func() *Node { return Add(MatMul(x, y), Scale(MatMul(y, x), 0.1)) }, func() *Node { return Transpose(x) }, func() *Node { return Softmax(Add(x, y)) },
			}[r.IntN(9)]())
		}
		total := leaf("total", n, n)
		b.Set(total, Add(total, pick()))
		b.Set(leaf("product", n, n), pick())
		b.Set(leaf("steady", n, n), MatMul(nodes[0], nodes[1]))
		b.Set(leaf("copied", n, n), nodes[0])
		b.Set(leaf("sum", 1), SumAll(Square(pick())))
	}
}

// Runs that leave out what does not depend on a varying leaf have the bits of whole ones, in random expressions with sums that run on, whatever
// changes in between. They leave it out after a new value of that leaf and after nothing at all.
func TestFurtherRunsHaveTheBitsOfWholeOnes(t *testing.T) {
	for _, dt := range []kernels.DType{kernels.Float32, f64} {
		lasting := 0
		for seed := range uint64(40) {
			t.Run(fmt.Sprint(dt, " ", seed), func(t *testing.T) {
				p, whole := vary(t, dt, nil, randomProgram(seed)), vary(t, dt, nil, randomProgram(seed))
				last := p.Plan().Lasting()
				lasting += last
				expect := func(what string, again bool, do func(p *varied)) {
					t.Helper()
					if got := both(t, what, p, whole, do); got != (again && last > 0) {
						t.Errorf("%s: made use of the run before: %t", what, got)
					}
				}
				expect("first", false, func(p *varied) {
					for k, name := range []string{"a", "b", "v", "total"} {
						p.fill(t, name, uint64(k))
					}
				})
				expect("another v", true, func(p *varied) { p.fill(t, "v", 11) })
				expect("nothing new", true, func(p *varied) {})
				expect("another total", true, func(p *varied) { p.fill(t, "total", 12) })
				expect("results overwritten", true, func(p *varied) { p.fill(t, "steady", 13); p.fill(t, "copied", 13); p.fill(t, "product", 13) })
				expect("another a", false, func(p *varied) { p.fill(t, "a", 14) })
				expect("another v", true, func(p *varied) { p.fill(t, "v", 15) })
				expect("forgotten", false, func(p *varied) { p.Forget() })
			})
		}
		if lasting == 0 {
			t.Error("nothing lasts in any of the expressions")
		}
	}
}

// hessianProgram is H v of a net over n examples, by parameter, in buffers of the caller.
func hessianProgram(f net, n int) func(b *Builder, leaf func(string, ...int) *Node) {
	return func(b *Builder, leaf func(string, ...int) *Node) {
		var params, along []*Node
		for k, shape := range f.params {
			params, along = append(params, leaf(fmt.Sprint("p", k), shape...)), append(along, leaf(fmt.Sprint("v", k), shape...))
		}
		b.Varying(along...)
		out := f.build(params, leaf("x", append([]int{n}, f.input...)...))
		loss := SumAll(SquaredError(out, leaf("y", n, 3)))
		for k, h := range HVP([]*Node{loss}, params, along) {
			if h == nil {
				h = Fill(params[k], 0)
			}
			b.Set(leaf(fmt.Sprint("h", k), f.params[k]...), h)
		}
	}
}

// So do products with the Hessian of networks, in an arena that they share with another program: a run after one of the other
// is a whole one.
func TestFurtherHessianProducts(t *testing.T) {
	for _, f := range nets {
		const n = 4
		build := hessianProgram(f, n)
		arena, err := device.NewBuffer(f64, 1<<16)
		must(t, err)
		p, other, whole := vary(t, f64, arena, build), vary(t, f64, arena, randomProgram(1)), vary(t, f64, nil, build)
		fill := func(first int) func(p *varied) {
			return func(p *varied) {
				for k := range f.params {
					if first == 0 {
						p.fill(t, fmt.Sprint("p", k), uint64(k))
					}
					p.fill(t, fmt.Sprint("v", k), uint64(10*first+k))
				}
				if first == 0 {
					p.fill(t, "x", 98)
					p.fill(t, "y", 99)
				}
			}
		}
		if both(t, f.name, p, whole, fill(0)) {
			t.Errorf("%s: a first product makes use of one before", f.name)
		}
		for k := range 2 {
			if both(t, f.name, p, whole, fill(k+1)) != (p.Plan().Lasting() > 0) {
				t.Errorf("%s: product %d is a whole one", f.name, k+2)
			}
		}
		must(t, other.Run())
		if both(t, f.name, p, whole, fill(4)) {
			t.Errorf("%s: a product makes use of memory that another program has written to", f.name)
		}
		arena.Free()
	}
}

// Where memory is short nothing lasts, and the plan needs what it would without leaves that vary.
func TestNothingLastsWhereMemoryIsShort(t *testing.T) {
	plan := func(limit int64) *Plan {
		b := NewBuilder(f64)
		must(t, Try(func() {
			buffers := make(map[string]kernels.Buffer)
			leaf := func(name string, shape ...int) *Node {
				if buffers[name] == nil {
					n := 1
					for _, d := range shape {
						n *= d
					}
					buffers[name] = buffer(t, make([]float64, n)...)
				}
				return b.Leaf(buffers[name], shape...)
			}
			hessianProgram(nets[3], 6)(b, leaf)
		}))
		p, err := b.Plan()
		must(t, err)
		p.Recompute(RecomputeCheap, limit)
		return p
	}
	ample := plan(math.MaxInt64)
	short := plan(ample.Bytes() - 1)
	if ample.Lasting() == 0 || short.Lasting() != 0 || short.Bytes() >= ample.Bytes() {
		t.Errorf("%d kernels last in %d bytes, %d in %d", ample.Lasting(), ample.Bytes(), short.Lasting(), short.Bytes())
	}
}

// Only leaves with buffers can vary.
func TestVaryingIsRefused(t *testing.T) {
	b := NewBuilder(f64)
	if err := Try(func() { b.Varying(b.Input("x", 2)) }); err == nil {
		t.Error("a leaf in the program's own memory was accepted")
	}
	if err := Try(func() { b.Varying(Square(b.Leaf(buffer(t, 1, 2), 2))) }); err == nil {
		t.Error("a computed value was accepted")
	}
}

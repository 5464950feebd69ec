package graph_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gorgonia.org/gorgonia"

	. "drift/graph"
	"drift/kernels"
)

func buffer(t testing.TB, x ...float64) kernels.Buffer {
	t.Helper()
	b, err := device.NewBuffer(f64, len(x))
	must(t, err)
	must(t, b.Write(x))
	return b
}

func contents(t testing.TB, b kernels.Buffer) []float64 {
	t.Helper()
	x := make([]float64, b.Len())
	must(t, b.Read(x))
	return x
}

// Momentum in place: θ and v are updated together, all reads see the old values, and runs follow on each other.
func TestUpdatesReplaceLeavesAfterAllReads(t *testing.T) {
	g := New()
	theta, v, grad, lr := Input(g, f64, "theta", 2), Input(g, f64, "v", 2), Input(g, f64, "g", 2), Input(g, f64, "lr", 1)
	next := Add(Scale(v, 0.5), grad)
	step := Sub(theta, Mul(BroadcastScalar(lr, 2), next))
	norm := SquaredNorm([]*Node{theta})
	bind := map[*Node]kernels.Buffer{theta: buffer(t, 1, 2), v: buffer(t, 0, 0), grad: buffer(t, 1, -1), lr: buffer(t, 0.1)}
	p, err := Compile(device, []*Node{norm}, []Update{{theta, step}, {v, next}}, bind)
	must(t, err)
	must(t, p.Run())
	near(t, "norm of the old θ", contents(t, p.Buffer(norm)), []float64{5}, 0)
	near(t, "θ", contents(t, bind[theta]), []float64{0.9, 2.1}, 1e-15)
	must(t, p.Run())
	near(t, "θ", contents(t, bind[theta]), []float64{0.75, 2.25}, 1e-15)
	near(t, "v", contents(t, bind[v]), []float64{1.5, -1.5}, 1e-15)
}

// Two leaves that exchange values, a leaf updated to another leaf, and a product with itself need copies.
func TestUpdatesThatCannotBeInPlace(t *testing.T) {
	g := New()
	a, b, c := Input(g, f64, "a", 2, 2), Input(g, f64, "b", 2, 2), Input(g, f64, "c", 2, 2)
	bind := map[*Node]kernels.Buffer{a: buffer(t, 1, 2, 3, 4), b: buffer(t, 5, 6, 7, 8), c: buffer(t, 1, 1, 0, 1)}
	p, err := Compile(device, nil, []Update{{a, Scale(b, 1)}, {b, AddConst(a, 1)}, {c, MatMul(c, c)}}, bind)
	must(t, err)
	must(t, p.Run())
	near(t, "a", contents(t, bind[a]), []float64{5, 6, 7, 8}, 0)
	near(t, "b", contents(t, bind[b]), []float64{2, 3, 4, 5}, 0)
	near(t, "c", contents(t, bind[c]), []float64{1, 2, 0, 1}, 0)
}

// Outputs bound to slices of one vector are computed there; two outputs of one value are both filled.
func TestOutputsInCallersBuffers(t *testing.T) {
	g := New()
	x := Input(g, f64, "x", 2, 2)
	whole := buffer(t, make([]float64, 12)...)
	y := Square(x)
	z := Reshape(y, 4)
	out := []*Node{y, z, Transpose(x)}
	bind := map[*Node]kernels.Buffer{y: whole.Slice(0, 4), z: whole.Slice(4, 8), out[2]: whole.Slice(8, 12)}
	p, err := Compile(device, out, nil, bind)
	must(t, err)
	must(t, p.Buffer(x).Write([]float64{1, 2, 3, 4}))
	must(t, p.Run())
	near(t, "all", contents(t, whole), []float64{1, 4, 9, 16, 1, 4, 9, 16, 1, 3, 2, 4}, 0)
}

// A chain of elementwise functions with the broadcast in front and the sum behind is one kernel each side of what it must wait for.
func TestChainsAreFused(t *testing.T) {
	g := New()
	x, b := Input(g, f64, "x", 8, 4), Input(g, f64, "b", 4)
	z := Add(x, BroadcastAxis(b, 1, 8, 4))
	loss := SumTail(Square(Tanh(z)))
	p, err := NewPlan([]*Node{loss}, nil, nil)
	must(t, err)
	if p.Steps() != 1 {
		t.Errorf("want 1 kernel, got %v", p)
	}
}

// An element of each channel is read where it is for all pixels and images.
func TestChannelsAreReadInPlace(t *testing.T) {
	g := New()
	x, gamma := Input(g, f64, "x", 2, 3, 4, 5), Input(g, f64, "gamma", 3)
	y := Mul(x, BroadcastAxis(gamma, 1, 2, 3, 4, 5))
	p, err := Compile(device, []*Node{y}, nil, nil)
	must(t, err)
	if p.Plan().Steps() != 1 {
		t.Errorf("want 1 kernel, got %v", p.Plan())
	}
	var ones, want []float64
	for i := range 2 * 3 * 4 * 5 {
		ones, want = append(ones, 1), append(want, float64(7+i/20%3))
	}
	must(t, p.Buffer(x).Write(ones))
	must(t, p.Buffer(gamma).Write([]float64{7, 8, 9}))
	must(t, p.Run())
	near(t, "scaled", contents(t, p.Buffer(y)), want, 0)
}

// Deviations from a mean, and what a norm makes of them, are computed anew by all that reads them: the two sums of the norm, 1/σ, and
// the sums of two products with its result take five kernels.
func TestNormsStayOutOfMemory(t *testing.T) {
	const rows, size = 4, 64
	g := New()
	x, v, w := Input(g, f64, "x", rows, size), Input(g, f64, "v", rows, size), Input(g, f64, "w", rows, size)
	deviation := Sub(x, Broadcast(Mean(x, 1), 1, size))
	inverse := Rsqrt(AddConst(Mean(Square(deviation), 1), 1e-5))
	y := Mul(deviation, Broadcast(inverse, 1, size))
	p, err := NewPlan([]*Node{SumTail(Mul(y, v)), SumTail(Mul(y, w))}, nil, nil)
	must(t, err)
	if p.Steps() != 5 {
		t.Errorf("want 5 kernels, got %v", p)
	}
}

// A norm and the sums of products with its result are one kernel, and so is its gradient with those of scale and shift but for the sums
// over examples, around a product that takes what both sides made.
func TestNormsAreOneKernel(t *testing.T) {
	const n, channels, pixels, groups = 8, 4, 6, 2
	g := New()
	x, gamma, w := Input(g, f64, "x", n, channels, pixels), Input(g, f64, "gamma", channels), Input(g, f64, "w", channels*pixels, 3)
	const size = channels / groups * pixels
	rows := Reshape(x, n*groups, size)
	deviation := Sub(rows, Broadcast(Mean(rows, 1), 1, size))
	inverse := Rsqrt(AddConst(Mean(Square(deviation), 1), 1e-5))
	y := Mul(Reshape(Mul(deviation, Broadcast(inverse, 1, size)), n, channels, pixels), BroadcastAxis(gamma, 1, n, channels, pixels))
	p, err := NewPlan([]*Node{Relu(y)}, nil, nil)
	must(t, err)
	if p.Steps() != 1 {
		t.Errorf("want 1 kernel, got %v", p)
	}
	loss := SumAll(Square(MatMul(Reshape(y, n, channels*pixels), w)))
	gradient := Grad([]*Node{loss}, []*Node{nil}, []*Node{x, gamma})
	p, err = NewPlan(gradient, nil, nil)
	must(t, err)
	if p.Steps() != 5 { // norm, two products, the norm's gradient, a sum over examples
		t.Errorf("want 5 kernels, got %v", p)
	}
	r := rand.New(rand.NewPCG(3, 4))
	v := values{x: normal(r, n*channels*pixels), gamma: normal(r, channels), w: normal(r, channels*pixels*3)}
	got, want := evaluate(t, v, gradient...), interpret(t, g, v, gradient...)
	for k := range gradient {
		near(t, "gradient", got[k], want[k], 1e-12)
	}
}

// A chain that reads what a product was made of does not read the product besides, though that is in memory for a matrix product.
func TestChainsComputeProductsAnew(t *testing.T) {
	const n = 12
	g := New()
	x, y, w := Input(g, f64, "x", n, n), Input(g, f64, "y", n, n), Input(g, f64, "w", n, n)
	product := Mul(x, y)
	out := Add(Mul(Tanh(MatMul(product, w)), Add(x, y)), product)
	p, err := NewPlan([]*Node{out}, nil, nil)
	must(t, err)
	if made := fmt.Sprintf(" %d(%d, %d)", product.ID(), n, n); p.Steps() != 3 || strings.Contains(strings.Split(p.String(), "\n")[3], made) {
		t.Errorf("the last of 3 kernels reads %s: %v", made, p)
	}
	r := rand.New(rand.NewPCG(1, 2))
	v := values{x: normal(r, n*n), y: normal(r, n*n), w: normal(r, n*n)}
	near(t, "values", evaluate(t, v, out)[0], interpret(t, g, v, out)[0], 1e-13)
}

// normed is a convolution of x, a norm of its groups and a ReLU, which the next convolution reads.
func normed(x, kernel, gamma *Node, groups int) *Node {
	z := Conv2D(x, kernel, [2]int{1, 1}, [2]int{1, 1})
	rows, size := z.Shape()[0]*groups, Size(z)/z.Shape()[0]/groups
	deviation := Sub(Reshape(z, rows, size), Broadcast(Mean(Reshape(z, rows, size), 1), 1, size))
	inverse := Rsqrt(AddConst(Mean(Square(deviation), 1), 1e-5))
	return Relu(ScaleAxis(Reshape(Mul(deviation, Broadcast(inverse, 1, size)), z.Shape()...), gamma, 1))
}

// What a ReLU behind a norm lets through follows again from what the norm read, so that on the way back nothing reads the ReLU's result: of the
// large values, a norm's gradient reads what comes back and what the norm read, and writes one. A Hessian product keeps, besides these, what
// comes back and the tangent of what the norm read, and nothing that is made of them.
func TestGradientsOfNormsReadLittle(t *testing.T) {
	const n, channels, side, groups = 8, 4, 16, 2
	r := rand.New(rand.NewPCG(3, 4))
	g := New()
	v := values{}
	input := func(name string, shape ...int) *Node {
		x := Input(g, f64, name, shape...)
		v[x] = normal(r, Size(x))
		return x
	}
	y := input("x", n, channels, side, side)
	target := input("target", n, channels, side, side)
	var params, along []*Node
	for k := range 3 {
		kernel, gamma := input(fmt.Sprint("kernel", k), channels, channels, 3, 3), input(fmt.Sprint("gamma", k), channels)
		y = normed(y, kernel, gamma, groups)
		params, along = append(params, kernel, gamma), append(along, input(fmt.Sprint("along kernel", k), kernel.Shape()...), input(fmt.Sprint("along gamma", k), channels))
	}
	loss := []*Node{SumAll(Mul(Square(y), target))}
	for _, c := range []struct {
		what    string
		outputs []*Node
		most    int // large values that kernels of rows read and write
	}{
		{"gradient", Grad(loss, []*Node{nil}, params), 13},
		{"Hessian product", HVP(loss, params, along), 29},
	} {
		p, err := NewPlan(c.outputs, nil, nil)
		must(t, err)
		large := 0
		for _, line := range strings.Split(p.String(), "\n") {
			if strings.HasPrefix(line, "rowwise") || strings.HasPrefix(line, "map") || strings.HasPrefix(line, "reduce") {
				large += strings.Count(line, fmt.Sprintf("(%d, %d, %d, %d)", n, channels, side, side)) + strings.Count(line, fmt.Sprintf("(%d, %d)", n*groups, channels/groups*side*side))
			}
		}
		if large > c.most {
			t.Errorf("%s: %d large values are read and written, want %d: %v", c.what, large, c.most, p)
		}
		got, want := evaluate(t, v, c.outputs...), interpret(t, g, v, c.outputs...)
		for k := range got {
			near(t, c.what, got[k], want[k], 1e-10)
		}
	}
}

// Products that are added up need no kernel for it: a gradient accumulated over two uses and onto a running sum.
func TestSumsOfProductsAreFolded(t *testing.T) {
	g := New()
	a, b, c := Input(g, f64, "a", 3, 2), Input(g, f64, "b", 3, 4), Input(g, f64, "c", 3, 4)
	total := Input(g, f64, "total", 2, 4)
	value := Add(total, Sub(Scale(MatMulT(a, b, true, false), 0.5), MatMulT(a, c, true, false)))
	r := rand.New(rand.NewPCG(1, 1))
	v := values{a: normal(r, 6), b: normal(r, 12), c: normal(r, 12), total: normal(r, 8)}
	want := interpret(t, g, v, value)[0]
	bind := map[*Node]kernels.Buffer{}
	for n, x := range v {
		bind[n] = buffer(t, x...)
	}
	p, err := Compile(device, nil, []Update{{total, value}}, bind)
	must(t, err)
	if p.Plan().Steps() != 2 {
		t.Errorf("want 2 kernels, got %v", p.Plan())
	}
	must(t, p.Run())
	near(t, "sum", contents(t, bind[total]), want, 1e-14)
}

// A chain that goes on with a sum of products reads the sum, to which the last of them adds itself.
func TestChainsReadSumsOfProducts(t *testing.T) {
	g := New()
	a, b, c, d := Input(g, f64, "a", 3, 2), Input(g, f64, "b", 2, 4), Input(g, f64, "c", 3, 5), Input(g, f64, "d", 5, 4)
	r := rand.New(rand.NewPCG(1, 1))
	v := values{a: normal(r, 6), b: normal(r, 8), c: normal(r, 15), d: normal(r, 20)}
	sum := Add(Add(MatMul(a, b), MatMul(c, d)), MatMulT(Tanh(a), b, false, false))
	outputs := []*Node{Tanh(sum), Sum(Mul(sum, sum), 0)}
	p, err := Compile(device, []*Node{Tanh(sum)}, nil, nil)
	must(t, err)
	if n := p.Plan().Steps(); n != 5 { // tanh a, three products, tanh
		t.Errorf("want 5 kernels, got %v", p.Plan())
	}
	got, want := evaluate(t, v, outputs...), interpret(t, g, v, outputs...)
	for k := range got {
		near(t, "sum", got[k], want[k], 1e-14)
	}
}

// Random expressions with many shared parts give the same values fused and in place as on the TapeMachine.
func TestRandomExpressions(t *testing.T) {
	for seed := range uint64(60) {
		n := 3 + int(seed%2)*9 // rows of larger matrices are worked on together
		r := rand.New(rand.NewPCG(seed, 9))
		g := New()
		v := values{}
		nodes := []*Node{}
		for _, name := range []string{"a", "b", "c"} {
			m := Input(g, f64, name, n, n)
			v[m] = normal(r, n*n)
			for i := range v[m] {
				v[m][i] *= math.Sqrt(3 / float64(n)) // as large in products
			}
			nodes = append(nodes, m)
		}
		pick := func() *Node { return nodes[len(nodes)-1-r.IntN(min(len(nodes), 6))] }
		for range 40 {
			x, y := pick(), pick()
			nodes = append(nodes, []func() *Node{
				func() *Node { return Tanh(x) }, func() *Node { return Add(x, Scale(y, 0.5)) }, func() *Node { return Mul(x, Sigmoid(y)) },
				func() *Node { return Tanh(MatMul(x, y)) }, func() *Node { return Sub(x, BroadcastTail(Mean(y, 1), n, n)) },
				func() *Node { return Add(MatMul(x, y), Scale(MatMul(y, x), 0.1)) }, func() *Node { return Transpose(x) }, func() *Node { return Add(x, BroadcastAxis(Sum(y, 0), 1, n, n)) },
				// kinks lie where no rounding error of a value that is 0 reaches them
				func() *Node { return Relu(AddConst(Sub(x, Broadcast(Mean(x, 1), 1, n)), 0.5)) }, func() *Node { return Mul(x, Step(AddConst(y, 0.5))) },
				func() *Node { return Mul(x, Broadcast(Sigmoid(Mean(y, 1)), 1, n)) },
			}[r.IntN(11)]())
		}
		picked := []*Node{pick(), pick(), pick()}
		outputs := []*Node{picked[0], picked[1], SumAll(Square(picked[2]))} // without the square, a sum of centred rows is rounding error alone
		got, want := evaluate(t, v, outputs...), interpret(t, g, v, outputs...)
		all := interpret(t, g, v, append(picked, nodes...)...)
		largest := 0.0
		for _, x := range all {
			largest = max(largest, floats.Norm(x, 2))
		}
		for k := range outputs {
			// forty operations, of which each may lose some bits; centred rows lose those of what was much larger
			near(t, outputs[k].Op().String(), got[k], want[k], min(1e-6, 1e-11+1e-15*largest/floats.Norm(all[k], 2)))
		}
	}
}

func TestMisuseIsOneError(t *testing.T) {
	g := New()
	x, y := Input(g, f64, "x", 2, 3), Input(g, f64, "y", 4, 5)
	for what, build := range map[string]func(){
		"inner sizes 3 and 4": func() { MatMul(x, y) },
		"(2, 3) and (4, 5)":   func() { Add(x, y) },
		"axis 2":              func() { Sum(x, 2) },
		"there already":       func() { Input(g, f64, "x", 2) },
		"larger than":         func() { Conv2D(Reshape(x, 1, 1, 2, 3), Input(g, f64, "k", 1, 1, 4, 4), [2]int{1, 1}, [2]int{}) },
	} {
		if err := Try(build); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want an error about %q", err, what)
		}
	}
}

// A run allocates nothing.
func TestRunAllocatesNothing(t *testing.T) {
	b := nets[1].over(4, true)
	p, err := Compile(device, append(Grad([]*Node{b.loss}, []*Node{nil}, b.params), b.loss), nil, nil)
	must(t, err)
	for n, x := range b.values {
		if leaf := p.Buffer(n); leaf != nil {
			must(t, leaf.Write(x))
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = p.Run() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A leaf that nobody gave a value is an error, never a zero.
func TestUnboundLeafIsRefused(t *testing.T) {
	g := New()
	x, y, sum := Input(g, f64, "x", 2), Input(g, f64, "y", 2), Input(g, f64, "sum", 2)
	p, err := Compile(device, []*Node{Add(x, y)}, []Update{{sum, x}}, map[*Node]kernels.Buffer{y: buffer(t, 1, 2)})
	must(t, err)
	if err := p.Run(); err == nil || !strings.Contains(err.Error(), "x of shape (2) has no value") {
		t.Errorf("got %v", err)
	}
	must(t, p.Buffer(x).Write([]float64{1, 1}))
	must(t, p.Run())
}

// Gorgonia's own ops are refused by name, not taken for leaves.
func TestForeignOpsAreRefused(t *testing.T) {
	g := New()
	x := Input(g, f64, "x", 2, 2)
	tanh := gorgonia.Must(gorgonia.Tanh(x))
	y := SumTail(Square(tanh))
	_, compiled := Compile(device, []*Node{y}, nil, nil)
	errs := map[string]error{"Compile": compiled, "CheckExamples": CheckExamples(y, []*Node{x})}
	for what, build := range map[string]func(){
		"Grad": func() { Grad([]*Node{y}, []*Node{nil}, []*Node{x}) }, "JVP": func() { JVP([]*Node{y}, []*Node{x}, []*Node{x}) },
		"HVP": func() { HVP([]*Node{y}, []*Node{x}, []*Node{x}) }, "NewPerExample": func() { NewPerExample(y, []*Node{x}) },
	} {
		errs[what] = Try(build)
	}
	for what, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "tanh") || !strings.Contains(err.Error(), "graph/imported") {
			t.Errorf("%s: got %v, want an error that names tanh", what, err)
		}
	}
	if _, err := Compile(device, []*Node{Square(x), gorgonia.NewConstant(2.0)}, nil, nil); err == nil {
		t.Error("a constant node: want an error")
	}
}

// A constant has its value in the graph, in either type; programs that run in one arena keep it.
func TestConstants(t *testing.T) {
	for _, dt := range []kernels.DType{kernels.Float32, f64} {
		g := New()
		c := Constant(g, dt, "c", []float64{1, -2, 0.5}, 3)
		y := Add(Square(c), Full(c, 2, 3))
		plan, err := NewPlan([]*Node{y}, nil, nil)
		must(t, err)
		arena, err := device.NewBuffer(dt, plan.Elements()+1)
		must(t, err)
		for range 2 {
			p, err := plan.Load(device, nil, arena)
			must(t, err)
			must(t, p.Run())
			near(t, dt.String(), read(t, p, []*Node{y})[0], []float64{3, 6, 2.25}, 0)
			p.Close()
		}
		must(t, arena.Write(make([]float64, arena.Len())))
	}
	if err := Try(func() { Constant(New(), f64, "c", []float64{1}, 3) }); err == nil {
		t.Error("one value in shape (3): want an error")
	}
}

// Indices of Int32 tell apart rows beyond 2²⁴, which float32 does not; one that is no row gives NaN.
func TestIndicesBeyondFloat32(t *testing.T) {
	const rows = 1<<24 + 4
	g := New()
	table, at := Input(g, kernels.Float32, "table", rows), Input(g, kernels.Int32, "at", 3)
	picked := Gather(table, at)
	p, err := Compile(device, []*Node{picked}, nil, nil)
	must(t, err)
	defer p.Close()
	values := make([]float32, rows)
	for i := range values {
		values[i] = float32(i % 1000)
	}
	must(t, p.Buffer(table).Write(values))
	must(t, p.Buffer(at).Write([]int32{1<<24 + 1, 1 << 24, -1}))
	must(t, p.Run())
	got := make([]float64, 3)
	must(t, p.Buffer(picked).Read(got))
	if want := (1<<24 + 1) % 1000; got[0] != float64(want) || got[1] != float64(want-1) || got[2] == got[2] {
		t.Errorf("%v, want %d, %d and NaN", got, want, want-1)
	}
}

// A plan that is cut tells of each group of leaves once its leaves hold what they hold in the end, and leaves what it leaves in one.
func TestStagesTellWhenLeavesAreDone(t *testing.T) {
	build := func() (leaves []*Node, updates []Update, bind map[*Node]kernels.Buffer) {
		g := New()
		x, bind := Input(g, f64, "x", 3, 3), map[*Node]kernels.Buffer{}
		bind[x] = buffer(t, 1, 2, 3, 4, 5, 6, 7, 8, 10)
		value := x
		for range 4 {
			leaf := Input(g, f64, fmt.Sprint("sum ", len(leaves)), 3, 3)
			value = Tanh(MatMul(x, value))
			bind[leaf] = buffer(t, make([]float64, 9)...)
			leaves, updates = append(leaves, leaf), append(updates, Update{leaf, Add(leaf, MatMul(value, x))})
		}
		copied := Input(g, f64, "copied", 3, 3)
		bind[copied] = buffer(t, make([]float64, 9)...)
		return append(leaves, copied), append(updates, Update{copied, x}), bind
	}
	compile := func(groups func(leaves []*Node) [][]*Node) (*Program, []kernels.Buffer) {
		leaves, updates, bind := build()
		bound := make(map[*Node]bool)
		for n := range bind {
			bound[n] = true
		}
		plan, err := NewPlan(nil, updates, bound)
		must(t, err)
		must(t, plan.Stages(groups(leaves)))
		p, err := plan.Load(device, bind, nil)
		must(t, err)
		var sums []kernels.Buffer
		for _, l := range leaves {
			sums = append(sums, bind[l])
		}
		return p, sums
	}
	whole, want := compile(func([]*Node) [][]*Node { return nil })
	cut, got := compile(func(l []*Node) [][]*Node { return [][]*Node{{l[0]}, {l[1], l[4]}, {l[2]}, {l[3]}} })
	for range 2 {
		must(t, whole.Run())
		told := 0
		must(t, cut.RunStages(func(groups int) error {
			for k := range groups {
				near(t, fmt.Sprint("sum ", k, " after group ", groups), contents(t, got[k]), contents(t, want[k]), 0)
			}
			told = groups
			return nil
		}))
		if told != 4 {
			t.Errorf("told of %d groups", told)
		}
		for k := range want {
			near(t, fmt.Sprint("sum ", k), contents(t, got[k]), contents(t, want[k]), 0)
		}
	}
	refused := errors.New("refused")
	if err := cut.RunStages(func(int) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("an error of the one who is told: %v", err)
	}
	leaves, updates, _ := build()
	plan, err := NewPlan(nil, updates[:2], map[*Node]bool{leaves[0]: true, leaves[1]: true})
	must(t, err)
	if err := plan.Stages([][]*Node{{leaves[3]}}); err == nil {
		t.Error("a leaf that is not updated is waited for")
	}
}

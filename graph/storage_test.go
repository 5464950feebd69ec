package graph

import (
	"testing"

	"drift/kernels"
	"drift/kernels/profile"
)

// network is two layers with a gradient step, and what of it is stored for each example.
func network(t *testing.T, storage kernels.DType) (plan *Plan, x, w *Node) {
	t.Helper()
	const n = 32
	g := New()
	in := func(name string, shape ...int) *Node { return Input(g, kernels.Float32, name, shape...) }
	x, w = in("x", n, 12), in("w", 10, 12)
	v := in("v", 6, 10)
	hidden := Tanh(MatMulT(x, w, false, true))
	out := MatMulT(hidden, v, false, true)
	loss := SumTail(Square(out))
	grads := Grad([]*Node{loss}, []*Node{nil}, []*Node{w, v})
	var updates []Update
	for k, p := range []*Node{w, v} {
		updates = append(updates, Update{p, Sub(p, Scale(grads[k], 0.1))})
	}
	plan, err := newPlan(&Plan{outputs: []*Node{SumAll(loss)}, updates: updates, bound: map[*Node]bool{w: true, v: true}, storage: Storage{Type: storage, Examples: []*Node{x}}})
	if err != nil {
		t.Fatal(err)
	}
	return plan, x, w
}

// Activations and their adjoints are stored narrow; parameters, their gradients, losses and outputs are not. Products read narrow factors alone,
// among them copies of parameters and data, each made once and all by one call.
func TestStorage(t *testing.T) {
	plan, x, w := network(t, kernels.BFloat16)
	if plan.narrow[x] || plan.narrow[w] {
		t.Error("a leaf is stored narrow")
	}
	copies, products, calls := make(map[*Node]int), 0, 0
	for _, s := range plan.steps {
		if _, ok := s.op.(kernels.Copies); ok {
			for k, n := range s.ins {
				if copies[n]++; !plan.narrow[s.outs[k]] || plan.narrow[n] {
					t.Errorf("%v is copied to %v", names(s.ins), names(s.outs))
				}
			}
			calls++
		}
		if _, ok := s.op.(kernels.Gemm); !ok {
			continue
		}
		products++
		if !plan.narrow[s.ins[0]] || !plan.narrow[s.ins[1]] {
			t.Errorf("a product reads %v as they are", names(s.ins))
		}
		rows := s.outs[0].Shape()[0] == 32
		if plan.narrow[s.outs[0]] != rows {
			t.Errorf("a product's result %v is narrow: %t", s.outs[0].Shape(), !rows)
		}
	}
	if products != 5 || calls != 1 || copies[x] != 1 || copies[w] != 1 || len(copies) != 3 {
		t.Errorf("%d products, copies of %v", products, copies)
	}
	for n := range plan.narrow {
		if n.Dims() != 2 || n.Shape()[0] != 32 && !plan.again[n] {
			t.Errorf("%v of shape %v is stored narrow", n, n.Shape())
		}
	}
	wide, _, _ := network(t, kernels.Float32)
	if plan.Bytes() >= wide.Bytes() {
		t.Errorf("%d bytes of memory, %d without", plan.Bytes(), wide.Bytes())
	}
}

// A plan that stores numbers narrow is refused by a device that does not, and checked by one that does.
func TestStorageOfDevices(t *testing.T) {
	plan, _, _ := network(t, kernels.BFloat16)
	bind := make(map[*Node]kernels.Buffer)
	stored := profile.CountingStored(new(profile.Profile), kernels.BFloat16)
	for n := range plan.bound {
		bind[n], _ = stored.NewBuffer(kernels.Float32, Size(n))
	}
	if _, err := plan.Load(profile.Counting(new(profile.Profile)), bind, nil); err == nil {
		t.Error("a device without bfloat16 takes it")
	}
	program, err := plan.Load(stored, bind, nil)
	if err != nil {
		t.Fatal(err)
	}
	program.Close()
}

// Products go on with bias and ReLU where results are stored narrow too, for which the bias is copied; on the way back the bias's gradient, which is
// not stored so, comes from the product that reads what it adds up.
func TestProductsGoOnWhereTheyAreStoredNarrow(t *testing.T) {
	const n = 32
	g := New()
	in := func(name string, shape ...int) *Node { return Input(g, kernels.Float32, name, shape...) }
	x, w, b, v := in("x", n, 12), in("w", 10, 12), in("b", 10), in("v", 6, 10)
	hidden := Relu(Add(MatMulT(x, w, false, true), Broadcast(b, 0, n)))
	loss := SumTail(Square(MatMulT(hidden, v, false, true)))
	grads := Grad([]*Node{loss}, []*Node{nil}, []*Node{w, b, v})
	plan, err := newPlan(&Plan{outputs: grads, bound: map[*Node]bool{w: true, b: true, v: true}, storage: Storage{Type: kernels.BFloat16, Examples: []*Node{x}}})
	if err != nil {
		t.Fatal(err)
	}
	forward, backward, sums := 0, 0, 0
	for _, s := range plan.steps {
		switch op := s.op.(type) {
		case kernels.Product:
			if op.FactorSums {
				if s.outs[0] != root(grads[1]) || plan.narrow[s.outs[0]] || plan.narrow[s.outs[1]] || !plan.narrow[s.ins[0]] {
					t.Errorf("%s: %v to %v", kernels.Describe(op), names(s.ins), names(s.outs))
				}
				sums++
				continue
			}
			if op.Sums || !plan.narrow[s.outs[0]] || !plan.narrow[s.ins[2]] {
				t.Errorf("%s: %v to %v", kernels.Describe(op), names(s.ins), names(s.outs))
			}
			if op.Gradient {
				backward++
			} else if op.Bias && op.Activation == kernels.ReLU && plan.again[s.ins[2]] {
				forward++
			}
		}
	}
	if forward != 1 || backward != 1 || sums != 1 {
		t.Errorf("%d products forth, %d back and %d sums of columns in %v", forward, backward, sums, plan)
	}
}

// A convolution reads images and a copy of its kernels narrow. What is moved is stored as it lies: a leaf, which is not narrow, moved is not.
func TestConvolutionsAndMovesAreStoredNarrow(t *testing.T) {
	g := New()
	x, k := Input(g, kernels.Float32, "x", 4, 2, 6, 6), Input(g, kernels.Float32, "k", 3, 2, 3, 3)
	leaf := Transpose(x, 0, 1, 3, 2)
	hidden := Transpose(Tanh(leaf), 0, 1, 3, 2)
	y := Conv2D(hidden, k, [2]int{1, 1}, [2]int{})
	plan, err := newPlan(&Plan{outputs: []*Node{SumTail(Tanh(y))}, bound: map[*Node]bool{k: true}, storage: Storage{Type: kernels.BFloat16, Examples: []*Node{x}}})
	if err != nil {
		t.Fatal(err)
	}
	if plan.narrow[x] || plan.narrow[root(leaf)] || plan.narrow[k] || !plan.narrow[root(hidden)] || !plan.narrow[root(y)] {
		t.Errorf("narrow are %v", plan.narrow)
	}
	for _, s := range plan.steps {
		if _, conv := s.op.(kernels.Conv); conv && !(plan.narrow[s.ins[0]] && plan.narrow[s.ins[1]] && plan.again[s.ins[1]]) {
			t.Errorf("a convolution reads %v", names(s.ins))
		}
	}
}

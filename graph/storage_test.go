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
	plan, err := newPlan([]*Node{SumAll(loss)}, updates, map[*Node]bool{w: true, v: true}, Storage{Type: storage, Examples: []*Node{x}})
	if err != nil {
		t.Fatal(err)
	}
	return plan, x, w
}

// Activations and their adjoints are stored narrow; parameters, their gradients, losses and outputs are not. Products read narrow factors alone,
// among them copies of parameters and data, each made once.
func TestStorage(t *testing.T) {
	plan, x, w := network(t, kernels.BFloat16)
	if plan.narrow[x] || plan.narrow[w] {
		t.Error("a leaf is stored narrow")
	}
	copies, products := make(map[*Node]int), 0
	for _, s := range plan.steps {
		m, isMap := s.op.(kernels.Map)
		if isMap && len(m.Code) == 0 && plan.narrow[s.outs[0]] && !plan.narrow[s.ins[0]] {
			copies[s.ins[0]]++
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
	if products != 5 || copies[x] != 1 || copies[w] != 1 || len(copies) != 3 {
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

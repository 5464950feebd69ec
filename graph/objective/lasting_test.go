package objective_test

import (
	"slices"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// further is an objective with a pass for H v that is run again and again.
type further struct {
	*Objective
	t       *testing.T
	v, into kernels.Buffer
	pass    *Pass
}

func newFurther(t *testing.T, model string, split *data.Split, o Options, training bool) *further {
	t.Helper()
	m, err := nn.Parse(model, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	must(t, err)
	f, err := New(devicetest.Open(2), m, split, o)
	must(t, err)
	t.Cleanup(f.Close)
	h := &further{Objective: f, t: t}
	if training {
		h.Objective = f.Training()
	}
	h.v, h.into = vector(t, f), vector(t, f)
	h.pass, err = h.CompileHVP(6, h.v, h.into)
	must(t, err)
	return h
}

// product is H v along a vector drawn from a seed, and whether the pass made use of the run before.
func (h *further) product(examples []int, seed uint64) (hv []float64, again bool) {
	h.t.Helper()
	must(h.t, h.v.Write(h.Initial(seed)))
	before := h.pass.Again()
	must(h.t, h.pass.Run(examples))
	return contents(h.t, h.into), h.pass.Again() > before
}

// Products with the Hessian have the same bits whether or not they make use of one before, and make use of it where nothing but v is another: neither parameters,
// by whoever writes them, nor examples, masks of dropout or images of an epoch, and where no other pass has had the memory.
func TestFurtherProductsNoticeChanges(t *testing.T) {
	for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
		split, err := data.Load("glyphs,train=30,test=2,size=8,augment=crop2+flip", data.Options{Seed: 1})
		must(t, err)
		const model = `{"layers":[{"conv2d":{"out":4,"kernel":3}},{"groupnorm":{"groups":2}},"relu",{"dropout":{"p":0.3}},"flatten",{"linear":{"out":10}}]}`
		place := func() *further { return newFurther(t, model, split, Options{DType: dt, Seed: 3, Chunk: 16}, true) }
		h, whole := place(), place()
		some, others := h.All(Train)[:6], h.All(Train)[5:11]
		update := func(h *further) *graph.Program { // as optimizers do
			p, err := h.NewProgram(func(b *Builder) {
				theta := b.Vector(h.Parameters())
				b.SetVector(theta, Times(theta, graph.Full(theta[0], 0.5, 1)))
			})
			must(t, err)
			t.Cleanup(p.Close)
			return p
		}
		updates := map[*further]*graph.Program{h: update(h), whole: update(whole)}
		gradients := map[*further]*Pass{}
		for _, h := range []*further{h, whole} {
			gradients[h], err = h.CompileGradient(6, vector(t, h.Objective))
			must(t, err)
		}
		for k, c := range []struct {
			name     string
			examples []int
			again    bool
			change   func(h *further)
		}{
			{"the first", some, false, func(h *further) { must(t, h.SetStep(1, 1)) }},
			{"the second", some, true, func(h *further) {}},
			{"the third", some, true, func(h *further) {}},
			{"other examples", others, false, func(h *further) {}},
			{"more examples", h.All(Train)[:7], false, func(h *further) {}},
			{"the same", h.All(Train)[:7], true, func(h *further) {}},
			{"parameters written", h.All(Train)[:7], false, func(h *further) { must(t, h.Parameters().Write(h.Initial(9))) }},
			{"one parameter written", h.All(Train)[:7], false, func(h *further) { must(t, h.Parameters().Slice(3, 4).Write([]float64{0.25})) }},
			{"the same again", h.All(Train)[:7], true, func(h *further) {}},
			{"parameters updated on the device", h.All(Train)[:7], false, func(h *further) { must(t, updates[h].Run()) }},
			{"masks of another step", h.All(Train)[:7], false, func(h *further) { must(t, h.SetStep(1, 2)) }},
			{"images of another epoch", h.All(Train)[:7], false, func(h *further) { h.SetEpoch(4, 3) }},
			{"those again", h.All(Train)[:7], true, func(h *further) {}},
			{"another pass in between", h.All(Train)[:7], false, func(h *further) { must(t, gradients[h].Run(some)) }},
			{"forgotten", h.All(Train)[:7], false, func(h *further) { h.pass.Forget() }},
			{"several chunks", h.All(Train), false, func(h *further) {}},
			{"several chunks again", h.All(Train), false, func(h *further) {}},
			{"one chunk", some, false, func(h *further) {}},
			{"one chunk again", some, true, func(h *further) {}},
		} {
			c.change(h)
			c.change(whole)
			whole.pass.Forget()
			want, _ := whole.product(c.examples, uint64(k))
			got, again := h.product(c.examples, uint64(k))
			if again != c.again {
				t.Errorf("%v, %s: made use of the product before: %t", dt, c.name, again)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, %s: not the bits of a product by itself", dt, c.name)
			}
		}
	}
}

// Examples that come to the device a chunk at a time stay there for a further product.
func TestFurtherProductsOfExamplesThatCome(t *testing.T) {
	split, err := data.Load("glyphs,train=30,test=2,size=8", data.Options{Seed: 1})
	must(t, err)
	h := newFurther(t, "mlp:6", split, Options{DType: kernels.Float64, Seed: 3, Chunk: 16, Resident: 1}, false)
	all := newFurther(t, "mlp:6", split, Options{DType: kernels.Float64, Seed: 3, Chunk: 16}, false)
	for k, c := range []struct {
		from  int
		again bool
	}{{0, false}, {0, true}, {7, false}, {7, true}, {0, false}} {
		examples := h.All(Train)[c.from : c.from+6]
		got, again := h.product(examples, uint64(k))
		all.pass.Forget()
		if want, _ := all.product(examples, uint64(k)); again != c.again || !slices.Equal(got, want) {
			t.Errorf("product %d: made use of the one before: %t, equal bits: %t", k, again, slices.Equal(got, want))
		}
	}
}

package train

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// motion measures how θ moves: how far a step goes and how far the run has come, and where along the step the loss would have been
// least. It keeps two vectors [P].
type motion struct {
	f             *objective.Objective
	start, before kernels.Buffer // θ₀, and θ before the step that is measured
	mark          *graph.Program // before ← θ
	sizes         *graph.Program
	distance2     kernels.Buffer // ‖θ − θ₀‖²
	update2       kernels.Buffer // ‖θ − before‖²
	along         *objective.Pass
	slopes        [2]objective.Number // ⟨∂L, θ − before⟩ over a sample, before and after the step
	marked        bool
}

// newMotion is for a run that begins at θ as it is, with slopes over samples of n examples.
func newMotion(f *objective.Objective, n int) (*motion, error) {
	m := &motion{f: f}
	if err := m.prepare(n); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *motion) prepare(n int) (err error) {
	f := m.f
	for _, v := range []*kernels.Buffer{&m.start, &m.before} {
		if *v, err = f.NewVector(); err != nil {
			return err
		}
	}
	copying := func(into kernels.Buffer) (*graph.Program, error) {
		return graph.NewProgram(f.Device(), f.DType(), func(b *graph.Builder) {
			b.Set(b.Leaf(into, f.NumParams()), b.Leaf(f.Parameters(), f.NumParams()))
		})
	}
	begin, err := copying(m.start)
	if err != nil {
		return err
	}
	defer begin.Close()
	if err := begin.Run(); err != nil {
		return err
	}
	if m.mark, err = copying(m.before); err != nil {
		return err
	}
	var distance, update *graph.Node
	m.sizes, err = graph.NewProgram(f.Device(), f.DType(), func(b *graph.Builder) {
		theta := b.Leaf(f.Parameters(), f.NumParams())
		norm2 := func(from kernels.Buffer) *graph.Node {
			return graph.SquaredNorm([]*graph.Node{graph.Sub(theta, b.Leaf(from, f.NumParams()))})
		}
		distance, update = norm2(m.start), norm2(m.before)
		b.Output(distance)
		b.Output(update)
	})
	if err != nil {
		return err
	}
	m.distance2, m.update2 = m.sizes.Buffer(distance), m.sizes.Buffer(update)
	m.along, err = f.Compile(n, func(b *objective.Batch) {
		here, before := b.Here(), b.At(b.Vector(m.before))
		step := make([]*graph.Node, len(here.Params))
		for k := range step {
			step[k] = graph.Sub(here.Params[k], before.Params[k])
		}
		for k, q := range []*objective.Point{before, here} {
			b.Number(&m.slopes[k], graph.Inner(b.Gradient(q), step))
		}
	}, nil)
	return err
}

// begin keeps θ: the next step is measured.
func (m *motion) begin() error {
	m.marked = true
	return m.mark.Run()
}

// measure adds what there is to say of the step since begin, from examples of the training part.
func (m *motion) measure(chosen []int, numbers map[string]float64) error {
	if !m.marked {
		return nil
	}
	m.marked = false
	if err := m.sizes.Run(); err != nil {
		return err
	}
	for name, from := range map[string]kernels.Buffer{"distance": m.distance2, "update_norm": m.update2} {
		var square [1]float64
		if err := from.Read(square[:]); err != nil {
			return err
		}
		numbers[name] = math.Sqrt(square[0])
	}
	if err := m.along.Run(chosen); err != nil {
		return err
	}
	if err := m.along.Numbers(); err != nil {
		return err
	}
	if before, after := m.slopes[0].Value, m.slopes[1].Value; before < 0 {
		numbers["alpha"] = -after / before
	}
	return nil
}

func (m *motion) state(s objective.State) { s.Vector("probe.start", m.start) }

func (m *motion) close() {
	for _, p := range []*graph.Program{m.mark, m.sizes} {
		if p != nil {
			p.Close()
		}
	}
	m.along.Close()
	objective.Free(m.start, m.before)
}

// tests adds the relative standard deviations of the gradient of a batch of n examples: the norm test's (Byrd et al. 2012) is of all of
// it, √(tr Σ/(n‖G‖²)), the inner-product test's (Bollapragada et al. 2018) of its part along G, √(G·ΣG/n)/‖G‖².
func (s sampleStatistics) tests(n int, numbers map[string]float64) {
	if !(s.square > 0) {
		return
	}
	numbers["norm_test"] = math.Sqrt(s.trace / float64(n) / s.square)
	numbers["inner_product_test"] = math.Sqrt(s.variance/float64(n)) / s.square
}

// varianceAlong is the variance over n of g_n·ḡ_{−n}, ḡ_{−n} being the mean of the other gradients, from the products of deviations and
// those with their center.
func varianceAlong(rest *mat.SymDense, along []float64) float64 {
	n := len(along)
	products := make([]float64, n)
	sum := 0.0
	for _, x := range along {
		sum += x
	}
	for i := range products {
		for k := range n {
			if k != i {
				products[i] += rest.At(i, k)
			}
		}
		products[i] = (products[i]+sum-along[i])/float64(n-1) + along[i] // and ‖m‖², which is the same for all
	}
	return stat.Variance(products, nil)
}

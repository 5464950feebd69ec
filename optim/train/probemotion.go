package train

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// motion measures how θ moves: how far a step goes and how far the run has come, and where along the step the loss would have been
// least. It keeps two vectors [P].
type motion struct {
	start, before *kept // θ₀, and θ before the step that is measured
	sizes         *graph.Program
	distance2     kernels.Buffer // ‖θ − θ₀‖²
	update2       kernels.Buffer // ‖θ − before‖²
	along         *objective.Pass
	slopes        [2]objective.Number // ⟨∂L, θ − before⟩ over a sample, before and after the step
	marked        bool
}

// newMotion is for a run that begins at θ as it is, with slopes over samples of n examples.
func newMotion(f *objective.Objective, n int) (*motion, error) {
	m := &motion{}
	if err := m.prepare(f, n); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *motion) prepare(f *objective.Objective, n int) (err error) {
	for _, k := range []**kept{&m.start, &m.before} {
		if *k, err = newKept(f); err != nil {
			return err
		}
	}
	if err := m.start.take(); err != nil {
		return err
	}
	var distance, update *graph.Node
	m.sizes, err = graph.NewProgram(f.Device(), f.DType(), func(b *graph.Builder) {
		theta := b.Leaf(f.Parameters(), f.NumParams())
		norm2 := func(from kernels.Buffer) *graph.Node {
			return graph.SquaredNorm([]*graph.Node{graph.Sub(theta, b.Leaf(from, f.NumParams()))})
		}
		distance, update = norm2(m.start.vector), norm2(m.before.vector)
		b.Output(distance)
		b.Output(update)
	})
	if err != nil {
		return err
	}
	m.distance2, m.update2 = m.sizes.Buffer(distance), m.sizes.Buffer(update)
	m.along, err = f.Compile(n, func(b *objective.Batch) {
		here, before := b.Here(), b.At(b.Vector(m.before.vector))
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
	return m.before.take()
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

func (m *motion) state(s objective.State) { s.Vector("probe.start", m.start.vector) }

func (m *motion) close() {
	if m.sizes != nil {
		m.sizes.Close()
	}
	m.along.Close()
	m.start.close()
	m.before.close()
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
	sum := floats.Sum(along)
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

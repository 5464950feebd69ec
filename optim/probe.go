package optim

import (
	"fmt"
	"math"
	"math/rand/v2"

	"drift/graph"
	"drift/kernels"
	"drift/optim/checkpoint"
	"drift/optim/objective"
	"drift/optim/sigma"
)

// probe measures during a run, every so many steps and on random samples that keep its cost near probeShare of the run's: tr Σ,
// ‖∂tr Σ‖², the noise scale and leading eigenvalues of Σ, and how the generalization gap drifts.
//
// To first order a step of rate η changes the gap, test loss minus training loss, by η tr Σ/N + η G·(G − G_test) in the mean
// (equation 9 of Roberts 2021 and §4), G and G_test being the expected gradients of training and test examples; momentum μ stretches η by
// 1/(1−μ). The first term is what is predicted, with the tr Σ measured last taken to hold until it is measured anew. The second,
// zero where both parts have one distribution, is measured without a bias, but on few examples with much noise; it is logged by
// itself. The drift is measured on panels, the same examples throughout.
type probe struct {
	f             *objective.Objective
	every, sample int
	seed          uint64
	stretch       float64 // of η; 0 where the direction is not the gradient, and no drift is predicted
	panels        [2][]int
	mean, slope   kernels.Buffer // ḡ and ∂tr Σ [P] over a sample
	test          kernels.Buffer // the mean gradient over a sample of the test part [P]; zero without one
	gradients     *sigma.Gradients
	inner         *graph.Program // ⟨ḡ,ḡ⟩, ⟨∂tr Σ,∂tr Σ⟩ and ⟨ḡ,ḡ_test⟩
	products      kernels.Buffer // of the program

	measured  bool    // there is a measurement to go on from
	gap       float64 // on the panels, then
	drift     float64 // predicted of the gap, in units of η
	predicted float64 // since then
}

const (
	probeShare  = 0.03 // of the run's cost
	probeCost   = 6.   // gradients that a measurement takes for each example of its sample
	probeValues = 3    // eigenvalues
)

// newProbe measures every so many steps of a run.
func newProbe(f *objective.Objective, s Settings, seed uint64) (*probe, error) {
	n := f.Examples(objective.Train)
	if n < 2 {
		return nil, fmt.Errorf("measuring Σ along the run takes at least 2 training examples")
	}
	p := &probe{f: f, every: s.Every, seed: seed}
	if s.Optimizer != "sigma-inverse" {
		p.stretch = 1 / (1 - s.Momentum)
	}
	batch := s.Batch
	if batch == 0 || s.FullBatch() {
		batch = n
	}
	p.sample = min(max(2, int(probeShare*float64(s.Every*batch)/probeCost)), n)
	for _, v := range []*kernels.Buffer{&p.mean, &p.slope, &p.test} {
		var err error
		if *v, err = f.NewVector(); err != nil {
			p.close()
			return nil, fmt.Errorf("measuring along the run: %w", err)
		}
	}
	if err := p.compile(); err != nil {
		p.close()
		return nil, fmt.Errorf("measuring along the run: %w", err)
	}
	for part := range p.panels {
		p.panels[part] = p.draw(objective.Part(part), math.MaxUint64)
	}
	var err error
	p.gradients, err = sigma.NewGradients(f, p.panels[objective.Train])
	return p, err
}

// compile makes the program of inner products.
func (p *probe) compile() (err error) {
	g := graph.New()
	bind := map[*graph.Node]kernels.Buffer{}
	vector := func(name string, b kernels.Buffer) []*graph.Node {
		n := graph.Input(g, p.f.DType(), name, b.Len())
		bind[n] = b
		return []*graph.Node{n}
	}
	mean, slope, test := vector("mean", p.mean), vector("slope", p.slope), vector("test", p.test)
	products := graph.Concat(0, graph.Inner(mean, mean), graph.Inner(slope, slope), graph.Inner(mean, test))
	if p.inner, err = graph.Compile(p.f.Device(), []*graph.Node{products}, nil, bind); err == nil {
		p.products = p.inner.Buffer(products)
	}
	return err
}

// draw is a random sample of a part without repetition, a function of the seed and the step alone.
func (p *probe) draw(part objective.Part, step uint64) []int {
	r := rand.New(rand.NewPCG(p.seed^0x70726f6265+uint64(part), step))
	n := p.f.Examples(part)
	return r.Perm(n)[:min(p.sample, n)]
}

// passed counts a step at a learning rate.
func (p *probe) passed(rate float64) { p.predicted += rate * p.stretch * p.drift }

func (p *probe) save(into checkpoint.Vectors) error {
	measured := 0.0
	if p.measured {
		measured = 1
	}
	into["probe"] = []float64{measured, p.gap, p.drift, p.predicted}
	return nil
}

func (p *probe) restore(from checkpoint.Vectors) error {
	state, err := from.Numbers("probe", 4)
	if err == nil {
		p.measured, p.gap, p.drift, p.predicted = state[0] == 1, state[1], state[2], state[3]
	}
	return err
}

func (p *probe) close() {
	for _, b := range []kernels.Buffer{p.mean, p.slope, p.test} {
		p.f.Release(b)
	}
	if p.inner != nil {
		p.inner.Close()
	}
	if p.gradients != nil {
		p.gradients.Close()
	}
}

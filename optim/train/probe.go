package train

import (
	"fmt"

	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
)

// probe measures along a run, on random examples that keep its cost within a budget: tr Σ, ‖∂tr Σ‖², the noise scale and leading
// eigenvalues of Σ over a sample drawn anew each time, and how the generalization gap drifts.
//
// In the mean a step of rate η changes the gap, test loss minus training loss, by η tr Σ/N + η G·(G − G_test) to first order
// (equation 9 of Roberts 2021 and §4), G and G_test being the expected gradients of training and test examples; momentum μ
// stretches η by 1/(1−μ). Each term is added up over the steps between two measurements, with what the first of them
// found, and stands beside the change of the gap between them on fixed drawn from both parts once.
// This holds for steps along the gradient: what clipping, weight decay and the penalty of gd-reg change about them is not predicted,
// and for sigma-inverse nothing is.
type probe struct {
	f              *objective.Objective
	budget         budget
	seed           uint64
	momentumFactor float64 // of η; 0 where nothing is predicted
	fixed          [2][]int
	slope          kernels.Buffer // ∂tr Σ [P] over half a sample

	sample        *objective.Pass  // over a sample and the fixed test examples
	gram, along   objective.Rows   // its inner products of deviations (graph.Deviations), those with their center
	center        objective.Number // ‖m‖²
	losses        objective.Rows
	first, second *objective.Pass // over half a sample: the slope, and what another half changes along it
	change        objective.Number
	motion        *motion
	batch         int // of a step; 0 where a step has all examples

	measured bool       // there is a measurement to go on from
	gap      float64    // on the fixed examples, then
	drift    gapTerms   // of the gap in a step, in units of η, as found then
	since    gapTerms   // added up since then
	running  [2]float64 // means of tr Σ and ‖G‖² so far, with weights that fall by noiseMemory from each measurement to the one before
}

// gapTerms are those of the drift of the gap.
type gapTerms struct {
	noise    float64 // tr Σ/N
	gradient float64 // G·(G − G_test)
}

// newProbe measures along a run whose steps each have a cost, in gradients of one example.
func newProbe(f *objective.Objective, of optim.Optimizer, o Options, cost float64) (*probe, error) {
	b, err := newBudget(f, o.MeasureEvery, cost)
	if err != nil {
		return nil, err
	}
	p := &probe{f: f, budget: b, seed: o.Seed}
	if _, batch := of.Batches(f.Examples(objective.Train)); batch < f.Examples(objective.Train) {
		p.batch = batch
	}
	if along, ok := of.(optim.AlongGradient); ok {
		p.momentumFactor = 1 / (1 - along.Response().Mu)
	}
	for part := range p.fixed {
		p.fixed[part] = p.draw(objective.Part(part), beforeTheRun, b.sample)
	}
	if err := p.prepare(); err != nil {
		p.close()
		return nil, fmt.Errorf("measuring along the run: %w", err)
	}
	return p, nil
}

func (p *probe) prepare() (err error) {
	if p.slope, err = p.f.NewVector(); err != nil {
		return err
	}
	p.sample, err = p.f.Compile(p.budget.sample+len(p.fixed[objective.Test]), func(b *objective.Batch) {
		d := b.Here().PerExample().Deviations()
		b.Rows(&p.gram, d.Gram())
		b.Rows(&p.along, d.Along())
		b.Number(&p.center, d.CenterNorm())
		b.Rows(&p.losses, b.Here().Loss)
	}, nil)
	if err != nil {
		return err
	}
	if half := p.budget.sample / 2; half > 1 {
		if err := p.prepareSlopes(half); err != nil {
			return err
		}
	}
	p.motion, err = newMotion(p.f, p.budget.sample)
	return err
}

// passed counts a step at a learning rate.
func (p *probe) passed(rate float64) {
	p.since.noise += rate * p.momentumFactor * p.drift.noise
	p.since.gradient += rate * p.momentumFactor * p.drift.gradient
}

func (p *probe) state(s objective.State) {
	measured := 0.0
	if p.measured {
		measured = 1
	}
	s.Numbers("probe", &measured, &p.gap, &p.drift.noise, &p.drift.gradient, &p.since.noise, &p.since.gradient, &p.running[0], &p.running[1])
	p.measured = measured == 1
	p.motion.state(s)
}

func (p *probe) close() {
	for _, pass := range []*objective.Pass{p.sample, p.first, p.second} {
		pass.Close()
	}
	if p.motion != nil {
		p.motion.close()
	}
	objective.Free(p.slope)
}

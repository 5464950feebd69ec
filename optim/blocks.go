package optim

import (
	"fmt"

	"drift/data"
	"drift/data/random"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// Blocks is a direction of gd-reg that works through the examples in m random blocks, split anew at each step, with gradients ĝ_k
// and Hessians ĥ_k: ḡ + (η/2m) Σ_k ĥ_k ĝ_k, the gradient of ℓ + (η/4m) Σ_k ‖ĝ_k‖² (Smith, Dherin, Barrett and De 2021; Geiping et al. 2022),
// or, centred, ḡ + (η/2m) Σ_k ĥ_k (ĝ_k−ḡ), which over all splits has the mean ḡ + ((m−1)/4)·η·∂tr Σ/N. With differences ĥ_k v is
// (ĝ_k(θ+εv) − ĝ_k(θ))/ε with ε = 0.01/‖v‖, as published practice has it.
type Blocks struct {
	base
	lambda     func(rate float64) float64 // of tr Σ; η above is 4Nλ/(m−1)
	split      *data.Sampler
	difference bool
	centred    bool

	mean, block, along, image kernels.Buffer    // ḡ, ĝ_k, v and ĥ_k v [P]
	epsilon, inverse          kernels.Buffer    // ε and 1/ε [1]; 0 where v vanishes
	weight                    *objective.Scalar // of ĥ_k v
	whole, each, curvature    *objective.Pass   // for ḡ, for ĝ_k and v, for ĥ_k v
}

var _ Direction = (*Blocks)(nil)

// NewBlocks works in blocks of n examples, which must divide those of the training data into at least two.
func NewBlocks(f *objective.Objective, lambda func(rate float64) float64, size int, centred, difference bool, seed uint64) (*Blocks, error) {
	b, err := newBase(f)
	if err != nil {
		return nil, err
	}
	d := &Blocks{base: b, lambda: lambda, centred: centred, difference: difference}
	if err := d.prepare(size, seed); err != nil {
		d.Close()
		return nil, fmt.Errorf("preparing blocks of %d examples: %w", size, err)
	}
	return d, nil
}

func (d *Blocks) prepare(size int, seed uint64) (err error) {
	f := d.objective
	n := f.Examples(objective.Train)
	if d.split, err = data.NewSampler(data.Shuffle, n, size, random.Seed(seed, "blocks")); err != nil {
		return err
	}
	for b, length := range map[*kernels.Buffer]int{&d.mean: d.vector.Len(), &d.block: d.vector.Len(), &d.along: d.vector.Len(),
		&d.image: d.vector.Len(), &d.epsilon: 1, &d.inverse: 1} {
		if *b, err = f.Device().NewBuffer(f.DType(), length); err != nil {
			return err
		}
	}
	if d.weight, err = f.NewScalar(); err != nil {
		return err
	}
	d.whole, err = f.Compile(n, gradientInto(d.mean), func(e *objective.End) { e.Set(e.Flat(d.vector), e.Flat(d.mean)) })
	if err != nil {
		return err
	}
	if d.each, err = f.Compile(size, gradientInto(d.block), d.shift); err != nil {
		return err
	}
	d.curvature, err = f.Compile(size, d.curve, d.add)
	return err
}

func gradientInto(v kernels.Buffer) objective.Expression {
	return func(b *objective.Batch) {
		b.Measure(b.Here())
		b.Sum(v, b.Gradient(b.Here()))
	}
}

// shift finds v, which is ĝ_k or ĝ_k−ḡ, and ε.
func (d *Blocks) shift(e *objective.End) {
	v := e.Flat(d.block)
	if d.centred {
		v = graph.Sub(v, e.Flat(d.mean))
	}
	e.Set(e.Flat(d.along), v)
	norm := graph.Sqrt(graph.SquaredNorm([]*graph.Node{v}))
	least := graph.Fill(norm, 1e-30) // where v vanishes, any ε will do
	e.Set(e.Leaf(d.epsilon, 1), graph.Scale(graph.Recip(graph.Max(norm, least)), 0.01))
	e.Set(e.Leaf(d.inverse, 1), graph.Scale(norm, 100))
}

// curve finds ĥ_k v, or the gradient at θ+εv.
func (d *Blocks) curve(b *objective.Batch) {
	v := b.Vector(d.along)
	if !d.difference {
		b.Sum(d.image, graph.HVP([]*graph.Node{b.Weighted(b.Here())}, b.Params, v))
		return
	}
	epsilon := b.Leaf(d.epsilon, 1)
	for k, x := range b.Params {
		v[k] = graph.Add(x, graph.Mul(graph.BroadcastScalar(epsilon, x.Shape()...), v[k]))
	}
	b.Sum(d.image, b.Gradient(b.At(v)))
}

// add adds ĥ_k v to the direction.
func (d *Blocks) add(e *objective.End) {
	image, weight := e.Flat(d.image), e.Scalar(d.weight)
	if d.difference {
		image, weight = graph.Sub(image, e.Flat(d.block)), graph.Mul(weight, e.Leaf(d.inverse, 1))
	}
	sum := e.Flat(d.vector)
	e.Set(sum, graph.Add(sum, graph.Mul(graph.BroadcastScalar(weight, image.Shape()...), image)))
}

func (d *Blocks) Compute(batch []int, rate float64) (measured objective.Measured, err error) {
	measured = d.whole.Measured()
	if err := d.whole.Run(batch); err != nil {
		return measured, err
	}
	m, n := float64(d.split.BatchesPerEpoch()), float64(len(batch))
	if err := d.weight.Set(2 * n * d.lambda(rate) / (m * (m - 1))); err != nil {
		return measured, err
	}
	step := d.split.Step()
	for range int(m) {
		if err := d.follow(d.split.Next()); err != nil {
			d.split.Seek(step)
			return measured, err
		}
	}
	return measured, nil
}

// follow adds a block's share to the direction.
func (d *Blocks) follow(block []int) error {
	if err := d.each.Run(block); err != nil {
		return err
	}
	return d.curvature.Run(block)
}

// Cost counts a Hessian product as two gradients, a difference as one.
func (d *Blocks) Cost(n int) float64 {
	if d.difference {
		return 3 * float64(n)
	}
	return 4 * float64(n)
}

func (d *Blocks) State(s objective.State) {
	step := float64(d.split.Step())
	s.Numbers("blocks", &step)
	d.split.Seek(int(step))
}

func (d *Blocks) Close() {
	for _, p := range []*objective.Pass{d.whole, d.each, d.curvature} {
		p.Close()
	}
	d.weight.Close()
	objective.Free(d.mean, d.block, d.along, d.image, d.epsilon, d.inverse)
	d.base.Close()
}

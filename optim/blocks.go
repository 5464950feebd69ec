package optim

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/data"
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

	theta, mean, block, along, image kernels.Buffer // [P]
	measured                         kernels.Buffer // of ḡ's pass
	sum, shift, move, slope, keep    *combination
	recall, copy, begin              *combination
	host                             []float64 // room for a vector
}

var _ Direction = (*Blocks)(nil)

// NewBlocks works in blocks of so many examples, which must divide those of the training data into at least two.
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
	if d.split, err = data.NewSampler(data.Shuffle, f.Examples(objective.Train), size, seed^0x626c6f636b73); err != nil {
		return err
	}
	for _, b := range []*kernels.Buffer{&d.theta, &d.mean, &d.block, &d.along, &d.image} {
		if *b, err = f.NewVector(); err != nil {
			return err
		}
	}
	if d.measured, err = f.Device().NewBuffer(f.DType(), f.Measured().Len()); err != nil {
		return err
	}
	theta, measured := f.Parameters(), f.Measured()
	for c, of := range map[**combination][]kernels.Buffer{
		&d.shift:  {d.along, d.block, d.mean},
		&d.copy:   {d.theta, theta},
		&d.begin:  {d.vector, d.mean},
		&d.move:   {theta, d.theta, d.along},
		&d.slope:  {d.image, d.image, d.block},
		&d.sum:    {d.vector, d.vector, d.image},
		&d.keep:   {d.measured, measured},
		&d.recall: {measured, d.measured},
	} {
		if *c, err = newCombination(f.Device(), of[0], of[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func (d *Blocks) Compute(batch []int, rate float64) error {
	if err := d.objective.Gradient(batch, d.mean); err != nil {
		return err
	}
	if err := d.keep.run(1); err != nil {
		return err
	}
	if err := d.copy.run(1); err != nil {
		return err
	}
	if err := d.begin.run(1); err != nil {
		return err
	}
	m, n := float64(d.split.BatchesPerEpoch()), float64(len(batch))
	weight := 2 * n * d.lambda(rate) / (m * (m - 1))
	step := d.split.Step()
	for range int(m) {
		if err := d.curve(d.split.Next(), weight); err != nil {
			d.split.Seek(step)
			return err
		}
	}
	return d.recall.run(1)
}

// curve adds a block's ĥ_k v to the direction.
func (d *Blocks) curve(block []int, weight float64) error {
	if err := d.objective.Gradient(block, d.block); err != nil {
		return err
	}
	centre := 0.0
	if d.centred {
		centre = 1
	}
	if err := d.shift.run(1, -centre); err != nil {
		return err
	}
	var err error
	if d.difference {
		err = d.differ(block)
	} else {
		err = d.objective.HVP(block, d.along, d.image)
	}
	if err != nil {
		return err
	}
	return d.sum.run(1, weight)
}

// differ is ĥ_k v by a difference of gradients.
func (d *Blocks) differ(block []int) error {
	if d.host == nil {
		d.host = make([]float64, d.along.Len())
	}
	if err := d.along.Read(d.host); err != nil {
		return err
	}
	square := floats.Dot(d.host, d.host)
	if square == 0 {
		return d.image.Write(d.host)
	}
	epsilon := 0.01 / math.Sqrt(square)
	if err := d.move.run(1, epsilon); err != nil {
		return err
	}
	if err := d.objective.Gradient(block, d.image); err != nil {
		return err
	}
	if err := d.move.run(1, 0); err != nil {
		return err
	}
	return d.slope.run(1/epsilon, -1/epsilon)
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
	d.base.Close()
	for _, c := range []*combination{d.sum, d.shift, d.move, d.slope, d.keep, d.recall, d.copy, d.begin} {
		c.close()
	}
	for _, b := range []kernels.Buffer{d.theta, d.mean, d.block, d.along, d.image, d.measured} {
		d.objective.Release(b)
	}
}

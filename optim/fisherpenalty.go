package optim

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// FisherPenalty is descent on ℓ_B + λ‖ĝ‖² (Jastrzębski et al. 2021, equation 2), where ĝ is the gradient of the batch's mean loss at labels
// drawn anew in each step from the distribution that the network's outputs are:
//
//	ĝ = (1/B) Σ_n ∇(−log p(ŷ_n|x_n)),  ŷ_n ~ p(·|x_n),   d = ḡ + 2λ Ĥ ĝ,
//
// with the Hessian Ĥ of the mean loss at those labels. The mean of ‖ĝ‖² over what is drawn is tr F/B, F being the Fisher information
// of the batch, because the ĝ of each example has mean zero.
type FisherPenalty struct {
	Heavy
	Minibatch
	Lambda float64 `json:"lambda,omitempty" range:"[0,inf)" search:"0.1 10" help:"coefficient of ‖ĝ‖², ĝ the gradient at labels that the network draws"`
}

// DefaultFisherPenalty has a coefficient of 0.01.
var DefaultFisherPenalty = FisherPenalty{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Lambda: 0.01}

var _ Optimizer = FisherPenalty{}

func (o FisherPenalty) Direction(c Context) (Direction, error) {
	b, l, err := newLabelled(c)
	if err != nil {
		return nil, err
	}
	d := &fisherPenalized{base: b, labels: l, lambda: o.Lambda}
	if err := d.prepare(c.Batch); err != nil {
		d.Close()
		return nil, fmt.Errorf("the Fisher penalty: %w", err)
	}
	return d, nil
}

// fisherPenalized is the direction of FisherPenalty.
type fisherPenalized struct {
	base
	labels
	lambda         float64
	sampled, image kernels.Buffer  // ĝ and Ĥĝ [P]
	first          *objective.Pass // ḡ and ĝ
	second         *objective.Pass // Ĥĝ, and at its end the direction
}

func (d *fisherPenalized) prepare(batch int) (err error) {
	f := d.objective
	if d.sampled, err = f.NewVector(); err != nil {
		return err
	}
	if d.image, err = f.NewVector(); err != nil {
		return err
	}
	d.first, err = f.Compile(batch, func(b *objective.Batch) {
		b.Measure(b.Here())
		b.Sum(d.vector, b.Gradient(b.Here()))
		b.Sum(d.sampled, graph.Grad([]*graph.Node{d.loss(b)}, []*graph.Node{nil}, b.Params))
	}, nil)
	if err != nil {
		return err
	}
	d.second, err = d.penalty(batch, d.loss, d.sampled, d.image, d.lambda)
	return err
}

func (d *fisherPenalized) Compute(batch []int, _ float64) (objective.Measured, error) {
	err := d.draw()
	if err == nil {
		err = d.first.Run(batch)
	}
	if err == nil {
		err = d.second.Run(batch)
	}
	if err == nil {
		d.step++
	}
	return d.first.Measured(), err
}

// Cost counts the gradient at drawn labels as one more, and its Hessian product as two.
func (d *fisherPenalized) Cost(n int) float64 { return 4 * float64(n) }

func (d *fisherPenalized) State(s objective.State) { d.labels.state(s) }

func (d *fisherPenalized) Close() {
	d.second.Close()
	d.first.Close()
	d.labels.close()
	objective.Free(d.sampled, d.image)
	d.base.Close()
}

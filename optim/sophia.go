package optim

import (
	"fmt"
	"math/rand/v2"

	"drift/data/random"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// Sophia divides a mean of gradients by one of estimates of the Hessian's diagonal, and clips the quotients (Liu et al. 2023, algorithm 3):
//
//	m ← β₁m + (1−β₁)g,   h ← β₂h + (1−β₂)ĥ every k steps,   θ ← θ − η [ clip(m/max(γh, ε), 1) + κθ ].
//
// The estimate ĥ is B·ĝ², elementwise, with the gradient ĝ of the batch's mean loss at labels drawn from the network's own distribution
// (Gauss–Newton–Bartlett, Sophia-G), or u·Hu with standard normal u (Hutchinson, Sophia-H).
type Sophia struct {
	Rate
	Minibatch
	Decoupled
	Beta1    float64 `json:"beta1" range:"[0,1)" help:"β₁ of the mean of gradients"`
	Beta2    float64 `json:"beta2" range:"[0,1)" help:"β₂ of the mean of the Hessian's diagonals"`
	Gamma    float64 `json:"gamma" range:"(0,inf)" search:"0.1 10" help:"γ, by which the Hessian's diagonal is multiplied: the larger, the fewer elements of a step are clipped"`
	Eps      float64 `json:"eps" range:"(0,inf)" help:"ε, the least that the mean of gradients is divided by"`
	Refresh  int     `json:"refresh" range:"[1,inf)" help:"steps between estimates of the Hessian's diagonal"`
	Diagonal string  `json:"diagonal" choose:"gnb|hutchinson" help:"estimate of the Hessian's diagonal: from the gradient at labels that the network draws, or from a Hessian product"`
}

// DefaultSophia is Sophia-G with the paper's defaults.
var DefaultSophia = Sophia{Rate: Rate{LearningRate: 1e-3, Schedule: "constant"}, Minibatch: defaultMinibatch, Decoupled: noDecay, Beta1: 0.96, Beta2: 0.99,
	Gamma: 0.05, Eps: 1e-12, Refresh: 10, Diagonal: "gnb"}

var _ Optimizer = Sophia{}

// Transform is the weight decay alone: the gradient is clipped before it enters the mean.
func (o Sophia) Transform() Transform {
	return Decoupled{WeightDecay: o.WeightDecay, Decay: o.Decay}.around()
}

func (o Sophia) Direction(c Context) (Direction, error) {
	b, err := newBase(c.Objective)
	if err != nil {
		return nil, err
	}
	d := &sophia{base: b, options: o, seed: c.Seed}
	if err := d.prepare(c); err != nil {
		d.Close()
		return nil, fmt.Errorf("the Hessian's diagonal: %w", err)
	}
	return d, nil
}

// sophia is the direction of Sophia.
type sophia struct {
	base
	options        Sophia
	seed           uint64
	labels         labels          // of gnb; its step counts those of both kinds
	mean, diagonal kernels.Buffer  // m and h [P]
	probe, image   kernels.Buffer  // ĝ, or u and Hu [P]
	curvature      *objective.Pass // updates h
	gradient       *objective.Pass // updates m, and ends with the direction
}

func (d *sophia) prepare(c Context) (err error) {
	for _, v := range []*kernels.Buffer{&d.mean, &d.diagonal, &d.probe, &d.image} {
		if *v, err = d.objective.NewVector(); err != nil {
			return err
		}
	}
	expression, end := d.hutchinson, d.takeProduct
	if d.options.Diagonal == "gnb" {
		if d.labels, err = newLabels(c); err != nil {
			return err
		}
		expression, end = d.gaussNewton, d.takeSquares
	}
	if d.curvature, err = d.objective.Compile(c.Batch, expression, end); err != nil {
		return err
	}
	d.gradient, err = d.objective.Compile(c.Batch, gradientInto(d.vector), d.divide)
	return err
}

func (d *sophia) gaussNewton(b *objective.Batch) {
	b.Sum(d.probe, graph.Grad([]*graph.Node{d.labels.loss(b)}, []*graph.Node{nil}, b.Params))
}

// takeSquares is ĥ = Bĝ².
func (d *sophia) takeSquares(e *objective.End) {
	g := e.Flat(d.probe)
	d.take(e, graph.Div(graph.Square(g), graph.BroadcastScalar(e.Mean, g.Shape()...)))
}

func (d *sophia) hutchinson(b *objective.Batch) {
	b.Sum(d.image, graph.HVP([]*graph.Node{b.Weighted(b.Here())}, b.Params, b.Vector(d.probe)))
}

// takeProduct is ĥ = u·Hu.
func (d *sophia) takeProduct(e *objective.End) {
	d.take(e, graph.Mul(e.Flat(d.probe), e.Flat(d.image)))
}

func (d *sophia) take(e *objective.End, estimate *graph.Node) {
	h := e.Flat(d.diagonal)
	e.Set(h, graph.Add(graph.Scale(h, d.options.Beta2), graph.Scale(estimate, 1-d.options.Beta2)))
}

// divide is clip(m/max(γh, ε), 1) with the new m.
func (d *sophia) divide(e *objective.End) {
	g, m, h := e.Flat(d.vector), e.Flat(d.mean), e.Flat(d.diagonal)
	taken := g
	if d.options.Clip > 0 {
		taken = Clip{d.options.Clip}.Apply(nil, g)
	}
	next := graph.Add(graph.Scale(m, d.options.Beta1), graph.Scale(taken, 1-d.options.Beta1))
	e.Set(m, next)
	quotient := graph.Div(next, graph.Max(graph.Scale(h, d.options.Gamma), graph.Fill(h, d.options.Eps)))
	e.Set(g, graph.Max(graph.Min(quotient, graph.Fill(quotient, 1)), graph.Fill(quotient, -1)))
}

func (d *sophia) Compute(batch []int, _ float64) (objective.Measured, error) {
	var err error
	if int(d.labels.step)%d.options.Refresh == 0 {
		if err = d.draw(); err == nil {
			err = d.curvature.Run(batch)
		}
	}
	if err == nil {
		err = d.gradient.Run(batch)
	}
	if err == nil {
		d.labels.step++
	}
	return d.gradient.Measured(), err
}

// draw draws what an estimate needs: labels, or u.
func (d *sophia) draw() error {
	if d.options.Diagonal == "gnb" {
		return d.labels.draw()
	}
	return d.probe.Write(normals(d.random(), d.probe.Len()))
}

func (d *sophia) random() *rand.Rand {
	return random.New(d.seed, "sophia").At(uint64(d.labels.step)).Rand
}

// Cost counts the gradient at drawn labels as one more, a Hessian product as two, each every Refresh steps.
func (d *sophia) Cost(n int) float64 {
	more := 1.0
	if d.options.Diagonal == "hutchinson" {
		more = 2
	}
	return (1 + more/float64(d.options.Refresh)) * float64(n)
}

func (d *sophia) State(s objective.State) {
	d.labels.state(s)
	s.Vector("mean", d.mean)
	s.Vector("diagonal", d.diagonal)
}

func (d *sophia) Close() {
	d.gradient.Close()
	d.curvature.Close()
	d.labels.close()
	objective.Free(d.mean, d.diagonal, d.probe, d.image)
	d.base.Close()
}

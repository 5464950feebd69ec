package theory

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/floats"

	"drift/graph/objective"
	"drift/kernels"
)

// Paths carries the noise of single shuffles along the path of full-batch descent, to second order (package doc, "Beyond leading
// order"). The mean over all shuffles of what it finds is SecondOrder; over some it is an estimate without bias, and subtracted from
// where the same shuffles lead SGD it leaves only what is of higher order, with little noise. A shuffle of m batches costs a second
// and a third derivative of the whole loss along a vector for each of m−1 steps, beside an epoch's.
type Paths struct {
	// AroundMean takes the expansion around SGD's own mean, as far as the shuffles tell it, instead of full-batch descent: their mean
	// quadratic terms move the path, and what Run finds as drift are the deviations of both from it.
	AroundMean bool

	f       *objective.Objective
	descent Descent
	decay   float64
	vectors [4]kernels.Buffer // a vector, its products, a gradient
	passes  [5]*objective.Pass
}

// The passes of Paths, over all examples or over a batch.
const (
	wholeGradient = iota
	wholeCurvature
	wholeHVP
	batchGradient
	batchHVP
)

// Expansion is the mean displacement from where full-batch descent ends an epoch, over some shuffles: what is linear in the noise, with
// a mean of zero over all of them, and both parts of what is quadratic.
type Expansion struct {
	Noise []float64
	SecondOrder
}

// NewPaths prepares epochs over n examples in batches of a size. κ is the weight decay: κθ is added to gradients.
func NewPaths(f *objective.Objective, d Descent, decay float64, n, batch int) (*Paths, error) {
	p := &Paths{f: f, descent: d, decay: decay}
	if err := p.prepare(n, batch); err != nil {
		p.Close()
		return nil, fmt.Errorf("preparing the expansion in the noise: %w", err)
	}
	return p, nil
}

func (p *Paths) prepare(n, batch int) (err error) {
	for k := range p.vectors {
		if p.vectors[k], err = p.f.NewVector(); err != nil {
			return err
		}
	}
	from, second, third, gradient := p.vectors[0], p.vectors[1], p.vectors[2], p.vectors[3]
	for k, compile := range map[int]func() (*objective.Pass, error){
		wholeGradient:  func() (*objective.Pass, error) { return p.f.CompileGradient(n, gradient) },
		wholeCurvature: func() (*objective.Pass, error) { return p.f.CompileCurvature(n, from, second, third) },
		wholeHVP:       func() (*objective.Pass, error) { return p.f.CompileHVP(n, from, second) },
		batchGradient:  func() (*objective.Pass, error) { return p.f.CompileGradient(batch, gradient) },
		batchHVP:       func() (*objective.Pass, error) { return p.f.CompileHVP(batch, from, second) },
	} {
		if p.passes[k], err = compile(); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the memory on the device back.
func (p *Paths) Close() {
	for _, pass := range p.passes {
		pass.Close()
	}
	objective.Free(p.vectors[:]...)
}

// bundle is some shuffles, of which the mean is wanted, on their way.
type bundle struct {
	orders  [][][]int
	noise   []motion    // of each order
	parts   [2]motion   // drift and diffusion, of the mean
	sources [][]float64 // of the parts, at a step
}

// Run follows groups of shuffles over the same examples from start. It returns where the path around which it expands goes, as a
// displacement: that of full-batch descent over the examples, unless AroundMean is set; and the expansion of each group. It leaves the
// objective at other parameters.
func (p *Paths) Run(ctx context.Context, start []float64, examples []int, groups [][][][]int) (along []float64, all []Expansion, err error) {
	rest := func() motion { return restOf(len(start)) }
	path, bundles := rest(), make([]*bundle, len(groups))
	for k, orders := range groups {
		bundles[k] = &bundle{orders: orders, parts: [2]motion{rest(), rest()}}
		for range orders {
			bundles[k].noise = append(bundles[k].noise, rest())
		}
	}
	for t := range groups[0][0] {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		here := plus(start, 1, path.u)
		if err := p.f.Parameters().Write(here); err != nil {
			return nil, nil, err
		}
		if err := p.at(wholeGradient, examples, nil, path.g); err != nil {
			return nil, nil, err
		}
		for _, b := range bundles {
			if err := p.meet(b, t, examples, path.g); err != nil {
				return nil, nil, err
			}
		}
		gradient := plus(path.g, p.decay, here)
		if p.AroundMean {
			floats.Add(gradient, centre(bundles))
		}
		for _, b := range bundles {
			if err := p.step(b, t, examples); err != nil {
				return nil, nil, err
			}
		}
		p.descent.push(path, gradient)
	}
	for _, b := range bundles {
		x := Expansion{Noise: make([]float64, len(start)), SecondOrder: SecondOrder{b.parts[0].u, b.parts[1].u}}
		for _, noise := range b.noise {
			floats.AddScaled(x.Noise, 1/float64(len(b.noise)), noise.u)
		}
		all = append(all, x)
	}
	return path.u, all, nil
}

// centre returns the mean over bundles of all their sources, and leaves each with its deviation from that as the one source.
func centre(bundles []*bundle) []float64 {
	mean := make([]float64, len(bundles[0].sources[0]))
	for _, b := range bundles {
		b.sources = [][]float64{plus(b.sources[0], 1, b.sources[1])}
		floats.AddScaled(mean, 1/float64(len(bundles)), b.sources[0])
	}
	for _, b := range bundles {
		floats.Sub(b.sources[0], mean)
	}
	return mean
}

// meet finds the quadratic terms of a bundle at step t, where the objective is on the path and mean is ḡ there, and moves its noise on.
func (p *Paths) meet(b *bundle, t int, examples []int, mean []float64) error {
	size := len(mean)
	own, second, third := make([]float64, size), make([]float64, size), make([]float64, size)
	b.sources = [][]float64{make([]float64, size), make([]float64, size)}
	share := 1 / float64(len(b.orders))
	for k, order := range b.orders {
		noise := b.noise[k]
		if t > 0 { // before, there is no noise
			if err := p.at(batchHVP, order[t], noise.u, own); err != nil {
				return err
			}
			if err := p.at(wholeCurvature, examples, noise.u, second, third); err != nil {
				return err
			}
		}
		floats.AddScaled(b.sources[0], share, minus(own, second))
		floats.AddScaled(b.sources[1], share/2, third)
		if err := p.at(batchGradient, order[t], nil, noise.g); err != nil {
			return err
		}
		p.carry(noise, second, minus(noise.g, mean))
	}
	return nil
}

// step moves the parts of a bundle on by their sources.
func (p *Paths) step(b *bundle, t int, examples []int) error {
	turned := make([]float64, len(b.sources[0]))
	for k, source := range b.sources {
		if t > 0 {
			if err := p.at(wholeHVP, examples, b.parts[k].u, turned); err != nil {
				return err
			}
		}
		p.carry(b.parts[k], turned, source)
	}
	return nil
}

// carry moves a deviation u by Hu + κu and a source.
func (p *Paths) carry(x motion, turned, source []float64) {
	p.descent.push(x, plus(plus(turned, p.decay, x.u), 1, source))
}

// at runs a pass along a vector, where it takes one, and reads what it gives.
func (p *Paths) at(pass int, examples []int, along []float64, into ...[]float64) error {
	if along != nil {
		if err := p.vectors[0].Write(along); err != nil {
			return err
		}
	}
	if err := p.passes[pass].Run(examples); err != nil {
		return err
	}
	from := p.vectors[1:3]
	if along == nil {
		from = p.vectors[3:]
	}
	for k := range into {
		if err := from[k].Read(into[k]); err != nil {
			return err
		}
	}
	return nil
}

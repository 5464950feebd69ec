package optim

import (
	"math"

	"drift/graph/objective"
	"drift/graph/sigma"
)

// SigmaInverse steps by (Σ+δI)⁻¹ḡ over each batch (Roberts 2021, §4), Σ and ḡ being those of the batch: exactly, or with an
// approximation of Σ that its Method names.
type SigmaInverse struct {
	Heavy
	Minibatch
	Method          string  `json:"method" choose:"gram|lowrank|diagonal|kronecker" help:"gram: Σ of the batch exactly; lowrank: leading eigenpairs; diagonal; kronecker: EKFAC"`
	Damping         float64 `json:"damping" range:"(0,inf)" search:"0.01 10" help:"δ of (Σ+δI)⁻¹ḡ"`
	DampingRelative bool    `json:"damping_relative,omitempty" help:"damping is in units of tr Σ/P"`
	DampingAdaptive bool    `json:"damping_adaptive,omitempty" help:"change δ by how much of the predicted decrease comes true"`
	Rank            int     `json:"rank" range:"[1,inf)" help:"eigenpairs of lowrank"`
	Refresh         int     `json:"refresh" range:"[1,inf)" help:"steps between refreshments of lowrank's eigenpairs and kronecker's bases"`
	Window          int     `json:"window" range:"[0,inf)" help:"examples whose gradients lowrank keeps; 0: a quarter of a batch, at least 64 and up to 1,024"`
	Average         float64 `json:"average" range:"[0,1)" help:"β of the running means of lowrank, diagonal and kronecker"`
}

// DefaultSigmaInverse is the exact method.
var DefaultSigmaInverse = SigmaInverse{Heavy: defaultHeavy, Minibatch: defaultMinibatch, Method: "gram", Damping: 1, Rank: 10, Refresh: 10}

var _ Optimizer = SigmaInverse{}

func (o SigmaInverse) Check(p Problem) error {
	if err := o.checkRemainder(p.Examples); err != nil {
		return err
	}
	if o.Method == "lowrank" {
		return o.lowRank(p.Examples, 0).Check(math.MaxInt)
	}
	return nil
}

// lowRank is what lowrank knows of Σ.
func (o SigmaInverse) lowRank(examples int, seed uint64) sigma.LowRank {
	_, batch := o.Batches(examples)
	window := o.Window
	if window == 0 {
		window = sigma.Window(batch)
	}
	return sigma.LowRank{Rank: o.Rank, Refresh: o.Refresh, Window: window, Average: o.Average, Seed: seed}
}

func (o SigmaInverse) Direction(c Context) (Direction, error) {
	solver, err := o.inverse(c)
	if err != nil {
		return nil, err
	}
	return NewPreconditioned(c.Objective, c.Batch, solver, sigma.Damping{Value: o.Damping, Relative: o.DampingRelative}, o.DampingAdaptive)
}

func (o SigmaInverse) inverse(c Context) (sigma.Inverse, error) {
	switch o.Method {
	case "lowrank":
		return sigma.NewLowRankInverse(c.Objective, o.lowRank(c.Examples(objective.Train), c.Seed))
	case "diagonal":
		return sigma.NewDiagonalInverse(c.Objective, o.Average)
	case "kronecker":
		return sigma.NewKroneckerInverse(c.Objective, o.Average, o.Refresh)
	}
	return sigma.NewGramInverse(c.Objective)
}

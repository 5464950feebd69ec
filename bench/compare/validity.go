package compare

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"drift/bench/report"
	"drift/bench/theory"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/optim"
)

// Validity is what an expansion in the noise of SGD depends on: how far the curvature turns an update, and how much of the network
// is on another side of a kink after one, which no derivative tells.
type Validity struct {
	Curvature report.Number `json:"lr_lambda_max"` // η λ_max/(1−μ), λ_max the largest eigenvalue of the Hessian at the start
	Crossed   report.Number `json:"kinks_crossed"` // share of pairs of an example and a unit that change side in an update; NaN for a smooth network
}

// Precision is how many pairs of shuffles it takes to know a vector with a standard error of a tenth of its length; 0 where
// noise is all that is seen.
type Precision struct {
	Expanded  int `json:"expanded"`  // of the expansion alone
	Simulated int `json:"simulated"` // of ⟨SGD⟩ − GD, by going these ways
}

const precise = 0.1

// newPrecision is told by the expansions of some pairs, and by all pairs that were simulated, with ‖⟨SGD⟩ − GD‖².
func newPrecision(found []theory.Expansion, sgd *cloud, pairs int, whole float64) (p Precision) {
	var both theory.Remainder
	for _, x := range found {
		both = append(both, x.Both())
	}
	p.Expanded = both.Needed(precise)
	if whole > sgd.variance {
		p.Simulated = max(1, int(math.Ceil(float64(pairs)*sgd.variance/(precise*precise*whole))))
	}
	return p
}

// newValidity looks at an SGD's start, and at its first update with the given batch.
func newValidity(f *objective.Objective, s optim.SGD, start []float64, batch []int) (v Validity, err error) {
	if err := f.Parameters().Write(start); err != nil {
		return v, err
	}
	all := f.All(objective.Train)
	hessian, err := sigma.NewHessian(f, all)
	if err != nil {
		return v, err
	}
	defer hessian.Close()
	const roughly = 1e-2
	leading, err := sigma.Leading(hessian, 1, sigma.Search{Tolerance: roughly})
	if err != nil {
		return v, err
	}
	v.Curvature = report.Number(s.LearningRate * leading[0].Value / (1 - s.Momentum))
	step, err := f.NewVector()
	if err != nil {
		return v, err
	}
	defer step.Free()
	gradient := make([]float64, len(start))
	if err := f.Gradient(batch, step); err != nil {
		return v, err
	}
	if err := step.Read(gradient); err != nil {
		return v, err
	}
	floats.Scale(-s.LearningRate, gradient)
	if err := step.Write(gradient); err != nil {
		return v, err
	}
	crossed, err := f.Crossings(all, step)
	v.Crossed = report.Number(crossed.Share())
	return v, err
}

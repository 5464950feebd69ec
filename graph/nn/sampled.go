package nn

import (
	"math"

	"drift/graph"
	"drift/graph/objective"
)

// SampledLosses is −log softmax(out)[ŷ] for a class ŷ drawn from the softmax of each row; the mean over positions, those left out whose class is
// negative. Labels that are smoothed change nothing: the distribution is that of the scores.
func (CrossEntropy) SampledLosses(outputs, targets *graph.Node, uniform func(shape ...int) *graph.Node) *graph.Node {
	rows := func(scores, _ *graph.Node) *graph.Node {
		n := targets.Shape()[0]
		u := uniform(graph.Size(targets) / n)
		return graph.CrossEntropy(scores, graph.Categorical(graph.Softmax(scores), graph.Flatten(u)))
	}
	if targets.Dims() == 1 {
		return rows(outputs, targets)
	}
	sum, kept := overPositions(rows, outputs, targets)
	return graph.Div(sum, kept)
}

// Samples is true.
func (CrossEntropy) Samples() bool { return true }

// SampledLosses is the mean of (out − ŷ)² over the K outputs of an example, where ŷ is normal with mean out and variance K/2, of which that is
// −log p up to a constant. Pairs of uniform numbers make the normal ones (Box and Muller 1958).
func (MSE) SampledLosses(outputs, _ *graph.Node, uniform func(shape ...int) *graph.Node) *graph.Node {
	k := outputs.Shape()[1]
	radius := graph.Sqrt(graph.Scale(graph.Log(uniform(k)), -2))
	z := graph.Mul(radius, graph.Cos(graph.Scale(uniform(k), 2*math.Pi)))
	drawn := graph.Hold(graph.Add(outputs, graph.Scale(z, math.Sqrt(float64(k)/2))))
	return graph.SquaredError(outputs, drawn)
}

// Samples is true.
func (MSE) Samples() bool { return true }

// SampledLosses is that of the loss.
func (m *Model) SampledLosses(outputs, targets *graph.Node, uniform func(shape ...int) *graph.Node) *graph.Node {
	return m.Loss.(objective.Sampler).SampledLosses(outputs, targets, uniform)
}

// Samples reports whether the loss is a distribution of targets.
func (m *Model) Samples() bool {
	s, ok := m.Loss.(objective.Sampler)
	return ok && s.Samples()
}

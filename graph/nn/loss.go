package nn

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
)

// Loss compares the outputs of a network with targets. A loss that is an objective.Scorer also counts right answers.
type Loss interface {
	// Target is what outputs of the shape out, of one example, are compared with.
	Target(out []int) (objective.Input, error)
	// Losses is the loss of each example, [n].
	Losses(outputs, targets *graph.Node) *graph.Node
}

// losses are the losses by their names in JSON.
var losses = table[Loss]{"loss", map[string]Loss{"cross_entropy": CrossEntropy{}, "mse": MSE{}}}

// RegisterLoss makes a loss known to JSON under a name, as Register does a layer.
func RegisterLoss(kind string, defaults Loss) { losses.register(kind, defaults) }

// CrossEntropy is −log softmax(out)[class] for outputs [n,classes] and classes [n]. Outputs [n,t…,classes] with classes
// [n,t…] are its mean over the positions t of an example.
type CrossEntropy struct{}

// Target is a class for each position.
func (CrossEntropy) Target(out []int) (objective.Input, error) {
	last := len(out) - 1
	if out[last] < 2 {
		return objective.Input{}, fmt.Errorf("the layers end in 1 output but cross_entropy takes a score for each of at least 2 classes")
	}
	return objective.Input{Name: "class", Shape: out[:last], Index: out[last]}, nil
}

// Losses is one value an example.
func (CrossEntropy) Losses(outputs, targets *graph.Node) *graph.Node {
	return overPositions(graph.CrossEntropy, graph.Mean, outputs, targets)
}

// Score counts the positions whose class has the largest score.
func (CrossEntropy) Score(outputs, targets *graph.Node) (hits, of *graph.Node) {
	hits = overPositions(graph.Correct, graph.Sum, outputs, targets)
	if positions := graph.Size(targets) / graph.Size(hits); positions > 1 {
		of = graph.Fill(hits, float64(positions))
	}
	return hits, of
}

// overPositions is f of scores [r,classes] and classes [r] over all positions, gathered for each example.
func overPositions(f func(scores, classes *graph.Node) *graph.Node, gather func(x *graph.Node, axis int) *graph.Node, outputs, targets *graph.Node) *graph.Node {
	if targets.Dims() == 1 {
		return f(outputs, targets)
	}
	n, rows := targets.Shape()[0], graph.Size(targets)
	each := f(graph.Reshape(outputs, rows, graph.Size(outputs)/rows), graph.Reshape(targets, rows))
	return gather(graph.Reshape(each, n, rows/n), 1)
}

// MSE is the mean over the outputs of an example of (out − target)².
type MSE struct{}

// Target is a row of numbers.
func (MSE) Target(out []int) (objective.Input, error) {
	if len(out) != 1 {
		return objective.Input{}, fmt.Errorf("the layers end in shape %s but mse takes a row of outputs: end with flatten and linear", dims(out))
	}
	return objective.Input{Name: "target", Shape: out}, nil
}

// Losses is one value an example.
func (MSE) Losses(outputs, targets *graph.Node) *graph.Node {
	return graph.SquaredError(outputs, targets)
}

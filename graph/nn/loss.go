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
// [n,t…] are its mean over the positions t of an example; those whose class is negative, as PyTorch's −100, are left out.
//
// With LabelSmoothing ε the class is right with weight 1−ε, and each of the C classes with ε/C besides (Szegedy et al. 2016; PyTorch's
// CrossEntropyLoss): the loss is (1−ε)·(−log p_class) − (ε/C) Σ_c log p_c. It is the loss wherever there is one, evaluations included.
type CrossEntropy struct {
	LabelSmoothing float64 `json:"label_smoothing,omitempty"`
}

// Target is a class for each position.
func (l CrossEntropy) Target(out []int) (objective.Input, error) {
	if !(l.LabelSmoothing >= 0 && l.LabelSmoothing <= 1) {
		return objective.Input{}, fmt.Errorf("label_smoothing is %v: it must lie in 0 … 1", l.LabelSmoothing)
	}
	last := len(out) - 1
	if out[last] < 2 {
		return objective.Input{}, fmt.Errorf("the layers end in 1 output but cross_entropy takes a score for each of at least 2 classes")
	}
	return objective.Input{Name: "class", Shape: out[:last], Index: out[last]}, nil
}

// Losses is one value an example.
func (l CrossEntropy) Losses(outputs, targets *graph.Node) *graph.Node {
	if targets.Dims() == 1 {
		return l.rows(outputs, targets)
	}
	sum, kept := overPositions(l.rows, outputs, targets)
	return graph.Div(sum, kept)
}

// rows is the loss of each row of scores z [r,c]: that of the class y, and ε(z_y − z̄) where labels are smoothed.
func (l CrossEntropy) rows(scores, classes *graph.Node) *graph.Node {
	loss := graph.CrossEntropy(scores, classes)
	if l.LabelSmoothing == 0 {
		return loss
	}
	above := graph.Sub(graph.Pick(scores, classes), graph.Mean(scores, 1))
	return graph.Add(loss, graph.Scale(above, l.LabelSmoothing))
}

// Score counts the classes, or the positions' classes, that have the largest score.
func (CrossEntropy) Score(outputs, targets *graph.Node) (hits, of *graph.Node) {
	if targets.Dims() == 1 {
		return graph.Correct(outputs, targets), nil
	}
	return overPositions(graph.Correct, outputs, targets)
}

// overPositions is the sum of f over the positions of an example that are kept, and their number, both [n].
func overPositions(f func(scores, classes *graph.Node) *graph.Node, outputs, targets *graph.Node) (sum, kept *graph.Node) {
	n, rows := targets.Shape()[0], graph.Size(targets)
	classes := graph.Reshape(targets, rows)
	keep := graph.Step(graph.AddConst(classes, 0.5))
	each := f(graph.Reshape(outputs, rows, graph.Size(outputs)/rows), graph.Known(classes)) // class 0 in the place of none
	add := func(x *graph.Node) *graph.Node { return graph.Sum(graph.Reshape(x, n, rows/n), 1) }
	return add(graph.Mul(each, keep)), add(keep)
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

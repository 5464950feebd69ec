package data

import (
	"fmt"
	"math"
	"slices"
)

// limit is how many examples a reader needs to return of a part of which a number was asked for.
func (r *request) limit(wanted int) int {
	if !r.prefix || wanted < 0 {
		return math.MaxInt
	}
	return wanted
}

// classification puts a split together from inputs and labels. Where classes is 0 it follows from the labels.
func (r *request) classification(classes int, train, test Set, labels, testLabels []float64) (*Split, error) {
	return r.classified(classes, []Set{train, test}, labels, testLabels)
}

// classified is classification of a training, a test and perhaps a validation part.
func (r *request) classified(classes int, parts []Set, labels ...[]float64) (*Split, error) {
	classes, y, err := classLabels(classes, parts[0].Positions, labels...)
	if err != nil {
		return nil, err
	}
	for i := range parts {
		parts[i].Classes, parts[i].Labels = classes, y[i]
		if err := parts[i].checkLabels(); err != nil {
			return nil, err
		}
	}
	return r.assemble(parts...)
}

// regression puts a split together whose parts have their targets. Classes that were asked for would go unheeded.
func (r *request) regression(parts ...Set) (*Split, error) {
	if n, given := r.Options["classes"]; given {
		return nil, fmt.Errorf("classes=%s: the targets are quantities; write them as whole numbers for classes, or leave classes= out", n)
	}
	return r.assemble(parts...)
}

// partWords are the parts of a split in the order in which they are put together.
var partWords = []string{"training", "test", "validation"}

// assemble checks that the training, the test and perhaps the validation part go together, and names them.
func (r *request) assemble(parts ...Set) (*Split, error) {
	for i := range parts {
		parts[i].Name = r.form()
		if !slices.Equal(parts[i].Shape, parts[0].Shape) {
			return nil, fmt.Errorf("training examples have shape %v and %s examples %v", parts[0].Shape, partWords[i], parts[i].Shape)
		}
	}
	if parts[0].Size() < 1 {
		return nil, fmt.Errorf("examples have shape %v and hold nothing", parts[0].Shape)
	}
	split := &Split{Train: parts[0], Test: parts[1]}
	if len(parts) > 2 {
		split.Valid = parts[2]
	}
	return split, nil
}

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
	classes, y, err := classLabels(classes, train.Positions, labels, testLabels)
	if err != nil {
		return nil, err
	}
	train.Classes, test.Classes = classes, classes
	train.Labels, test.Labels = y[0], y[1]
	for _, s := range []Set{train, test} {
		if err := s.checkLabels(); err != nil {
			return nil, err
		}
	}
	return r.assemble(train, test)
}

// regression puts a split together whose parts have their targets. Classes that were asked for would go unheeded.
func (r *request) regression(train, test Set) (*Split, error) {
	if n, given := r.Options["classes"]; given {
		return nil, fmt.Errorf("classes=%s: the targets are quantities; write them as whole numbers for classes, or leave classes= out", n)
	}
	return r.assemble(train, test)
}

// assemble checks that the two parts go together and names them.
func (r *request) assemble(train, test Set) (*Split, error) {
	train.Name, test.Name = r.form(), r.form()
	if !slices.Equal(train.Shape, test.Shape) {
		return nil, fmt.Errorf("examples have shape %v for training and %v for testing", train.Shape, test.Shape)
	}
	if train.Size() < 1 {
		return nil, fmt.Errorf("examples have shape %v and hold nothing", train.Shape)
	}
	return &Split{Train: train, Test: test}, nil
}

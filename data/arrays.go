package data

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// arrayOptions are the options of sources of arrays.
func arrayOptions() []Option {
	return []Option{
		{"classes", "largest label + 1", "number of classes"},
		layoutOption(),
		{"scale", "1", "divisor of the inputs; 255 maps bytes to 0…1"},
	}
}

// arrayFormat is what options say about arrays.
type arrayFormat struct {
	classes int
	layout  string
	scale   float64
}

func (r *request) arrayFormat() (arrayFormat, error) {
	a := arrayFormat{r.count("classes", 0, 1, maxWidth), r.choice("layout", "", "chw", "hwc"), r.scale(1)}
	return a, r.err
}

// arrayPart is a training or test part, with targets in Y or with labels.
type arrayPart struct {
	Set
	labels   []float64
	labelled bool
	notices  []string
}

// newArrayPart makes a part of inputs [N,…] and targets: integers [N] or [N,1] are classes, and [N,T] those of positions; floats [N] or
// [N,outputs] are quantities.
func newArrayPart(xName string, h npyHeader, x Values, yName string, t npyHeader, y Values, format arrayFormat) (arrayPart, error) {
	if len(h.shape) < 1 || len(t.shape) < 1 || h.shape[0] != t.shape[0] {
		return arrayPart{}, fmt.Errorf("%s of shape %v does not go with %s of shape %v: want the same number of rows", xName, h.shape, yName, t.shape)
	}
	p := arrayPart{Set: Set{Shape: h.shape[1:], X: x.scaled(format.scale)}}
	if len(h.shape) == 1 {
		p.Shape = []int{1}
	}
	if err := images(&p.Set, format.layout); err != nil {
		return arrayPart{}, fmt.Errorf("%s: %w", xName, err)
	}
	if t.kind != 'f' {
		if len(t.shape) > 2 || len(t.shape) == 2 && t.shape[1] < 1 {
			return arrayPart{}, fmt.Errorf("%s holds integers of shape %v: want classes [N], [N,1] or, one a position, [N,T]", yName, t.shape)
		}
		if len(t.shape) == 2 && t.shape[1] > 1 {
			p.Positions = t.shape[1]
		}
		p.labels, p.labelled = y.Float64s(), true
		if oneHot(p.labels, p.Positions) {
			p.notices = append(p.notices, fmt.Sprintf("each row of %s is 1 in one place and 0 in the others: it is read as a class at each of %d positions; "+
				"if the place is the class, store its number, as numpy.argmax(y, 1) gives it", yName, p.Positions))
		}
		return p, nil
	}
	p.Outputs = 1
	if len(t.shape) == 2 {
		p.Outputs = t.shape[1]
	}
	if len(t.shape) > 2 || p.Outputs < 1 {
		return arrayPart{}, fmt.Errorf("%s holds floats of shape %v: want [N] or [N,outputs]", yName, t.shape)
	}
	p.Y = y.Float64s()
	if oneHot(p.Y, p.Outputs) {
		p.notices = append(p.notices, fmt.Sprintf("each row of %s is 1 in one place and 0 in the others: it is read as %d quantities; "+
			"if the place is a class, store its number, as numpy.argmax(y, 1) gives it", yName, p.Outputs))
	} else if p.Outputs == 1 && likeClasses(p.Y) {
		p.notices = append(p.notices, fmt.Sprintf("%s holds whole numbers as floats: it is read as quantities; if they are classes, store integers", yName))
	}
	return p, nil
}

// oneHot tells rows that are 1 in one place and 0 in the others.
func oneHot(rows []float64, width int) bool {
	if width < 2 || len(rows) <= width { // of a single row nothing follows
		return false
	}
	for i, y := range rows {
		if y != 0 && y != 1 || i%width == 0 && floats.Sum(rows[i:i+width]) != 1 {
			return false
		}
	}
	return true
}

// likeClasses tells whole numbers from 0 on, each of which several examples could have.
func likeClasses(y []float64) bool {
	for _, v := range y {
		if v < 0 || v != math.Trunc(v) || v >= inferable || 2*v >= float64(len(y)) {
			return false
		}
	}
	return len(y) > 0
}

// fromArrays puts a split together of a training, a test and a validation part; the last two are nil where there is none.
func (r *request) fromArrays(train arrayPart, test, valid *arrayPart, format arrayFormat) (*Split, error) {
	parts, labels := []Set{train.Set}, [][]float64{train.labels}
	for i, part := range []*arrayPart{test, valid} {
		if part == nil {
			part = &arrayPart{Set: Set{Shape: train.Shape, Outputs: train.Outputs, Positions: train.Positions}, labelled: train.labelled}
		}
		if part.labelled != train.labelled || part.Outputs != train.Outputs || part.Positions != train.Positions {
			return nil, fmt.Errorf("the targets of the training and the %s part differ in kind: one part holds classes and one quantities, or they differ in number", partWords[i+1])
		}
		parts, labels = append(parts, part.Set), append(labels, part.labels)
	}
	var split *Split
	var err error
	if train.labelled {
		split, err = r.classified(format.classes, parts, labels...)
	} else {
		split, err = r.regression(parts...)
	}
	if err == nil {
		split.Notices = append(split.Notices, train.notices...)
	}
	return split, err
}

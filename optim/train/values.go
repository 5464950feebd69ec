package train

import (
	"fmt"
	"math"

	"drift/graph/objective"
)

// Values is loss and accuracy over the parts of the data.
type Values struct {
	Train objective.Value  `json:"train"`
	Test  *objective.Value `json:"test"`            // nil without test examples
	Valid *objective.Value `json:"valid,omitempty"` // nil without a validation part
}

// values is loss and accuracy at the parameters and at their average.
func (t *Trainer) values(train bool) (r Result, err error) {
	if r.Values, err = values(t.Objective, t.Objective.Evaluate, train); err != nil || t.average == nil {
		return r, err
	}
	average, err := values(t.Objective, t.average.evaluate, train)
	r.EMA = &average
	return r, err
}

// Evaluate computes loss and accuracy of all parts at the parameters that an objective holds.
func Evaluate(f *objective.Objective) (r Result, err error) {
	r.Values, err = values(f, f.Evaluate, true)
	return r, err
}

// evaluator computes loss and accuracy over examples, at some parameters.
type evaluator func(examples []int) (objective.Value, error)

func values(f *objective.Objective, at evaluator, train bool) (v Values, err error) {
	if train {
		if v.Train, err = evaluate(f, at, objective.Train); err != nil {
			return v, err
		}
	}
	if v.Test, err = evaluateOptional(f, at, objective.Test); err == nil {
		v.Valid, err = evaluateOptional(f, at, objective.Valid)
	}
	return v, err
}

// evaluateOptional returns nil for a part without examples.
func evaluateOptional(f *objective.Objective, at evaluator, part objective.Part) (*objective.Value, error) {
	if f.Examples(part) == 0 {
		return nil, nil
	}
	v, err := evaluate(f, at, part)
	return &v, err
}

func evaluate(f *objective.Objective, at evaluator, part objective.Part) (objective.Value, error) {
	v, err := at(f.All(part))
	if err == nil && (math.IsNaN(v.Loss) || math.IsInf(v.Loss, 0)) {
		err = fmt.Errorf("evaluating: %w", ErrNotFinite)
	}
	return v, err
}

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
	if r.Values, err = t.examined.values(t.Objective.Here, train); err != nil || t.average == nil {
		return r, err
	}
	average, err := t.examined.values(func(int) (*objective.Evaluation, error) { return t.average.evaluation, nil }, train)
	r.EMA = &average
	return r, err
}

// Evaluate computes loss and accuracy of all parts at the parameters that an objective holds: over all examples, or over those of
// Options.EvalExamples for a seed.
func Evaluate(f *objective.Objective, examples int, seed uint64) (r Result, err error) {
	e, err := newExamined(f, examples, seed)
	if err != nil {
		return r, err
	}
	r.Values, err = e.values(f.Here, true)
	return r, err
}

// values evaluates the parts at some parameters. at prepares that for a number of examples.
func (e *examined) values(at func(n int) (*objective.Evaluation, error), train bool) (v Values, err error) {
	if train {
		if v.Train, err = e.value(at, objective.Train); err != nil {
			return v, err
		}
	}
	if v.Test, err = e.optional(at, objective.Test); err == nil {
		v.Valid, err = e.optional(at, objective.Valid)
	}
	return v, err
}

// optional returns nil for a part without examples.
func (e *examined) optional(at func(n int) (*objective.Evaluation, error), part objective.Part) (*objective.Value, error) {
	if e.f.Examples(part) == 0 {
		return nil, nil
	}
	v, err := e.value(at, part)
	return &v, err
}

func (e *examined) value(at func(n int) (*objective.Evaluation, error), part objective.Part) (v objective.Value, err error) {
	evaluation, err := at(e.count(part))
	if err != nil {
		return v, err
	}
	if e.samples(part) {
		v, err = evaluation.Sample(e.drawn[part], e.f.Examples(part))
	} else {
		v, err = evaluation.Of(e.f.All(part))
	}
	if err == nil && (math.IsNaN(v.Loss) || math.IsInf(v.Loss, 0)) {
		err = fmt.Errorf("evaluating: %w", ErrNotFinite)
	}
	return v, err
}

package train

import (
	"fmt"
	"math"

	"drift/graph/objective"
)

// Best is where along a run the validation loss was least, of the evaluations that there were.
type Best struct {
	Step  int              `json:"step"`
	Valid objective.Value  `json:"valid"`
	Test  *objective.Value `json:"test"` // at the same step; nil without test examples
}

// best keeps the parameters of Best on the device.
type best struct {
	*kept
	found    Best
	tested   bool // there is a test part
	examined *examined
}

func newBest(f *objective.Objective, e *examined) (*best, error) {
	k, err := newKept(f)
	if err != nil {
		return nil, fmt.Errorf("the parameters of the least validation loss: %w", err)
	}
	return &best{kept: k, tested: f.Examples(objective.Test) > 0, examined: e}, nil
}

// consider keeps the parameters if their validation loss is the least so far. The first of equal ones stays.
func (b *best) consider(step int, valid, test *objective.Value) error {
	if b.found.Step > 0 && valid.Loss >= b.found.Valid.Loss {
		return nil
	}
	b.found = Best{step, *valid, test}
	return b.take()
}

// result is nil before the first evaluation behind a step.
func (b *best) result() *Best {
	if b == nil || b.found.Step == 0 {
		return nil
	}
	found := b.found
	return &found
}

func (b *best) state(s objective.State) {
	test := objective.Value{Loss: math.NaN(), Accuracy: math.NaN()}
	if b.found.Test != nil {
		test = *b.found.Test
	}
	step := float64(b.found.Step)
	s.Numbers("best step, validation and test", &step, &b.found.Valid.Loss, &b.found.Valid.Accuracy, &test.Loss, &test.Accuracy)
	if b.found.Step = int(step); b.tested {
		b.found.Test = &test
	}
	b.errors(s)
	s.Vector("best", b.vector)
}

// errors keeps what is known of samples.
func (b *best) errors(s objective.State) {
	of := map[objective.Part]*objective.Value{objective.Valid: &b.found.Valid, objective.Test: b.found.Test}
	for _, part := range []objective.Part{objective.Valid, objective.Test} {
		if v := of[part]; v != nil && b.examined.samples(part) {
			v.Sample.Examples, v.Sample.Of = b.examined.count(part), b.examined.f.Examples(part)
			s.Numbers(fmt.Sprint("best standard errors ", part), &v.Sample.Loss, &v.Sample.Accuracy)
		}
	}
}

func (b *best) close() {
	if b != nil {
		b.kept.close()
	}
}

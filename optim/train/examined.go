package train

import (
	"fmt"

	"drift/data/random"
	"drift/graph/objective"
)

// SampleLarge is the Options.EvalExamples that evaluates all of a part of up to 100,000 examples, and 10,000 of a larger one.
const SampleLarge = -1

// The parts that SampleLarge takes for large, and the examples that it draws of them: the share of right answers is then known to
// within 0.01 in 95 % of cases, whatever it is.
const (
	large      = 100_000
	ofTheLarge = 10_000
)

// examined is the examples that evaluations are of: all of a part, or a sample that the seed draws, the same all along a run.
type examined struct {
	f     *objective.Objective
	drawn [3][]int // nil for a part that is evaluated as a whole
}

func newExamined(f *objective.Objective, most int, seed uint64) (*examined, error) {
	if most < SampleLarge || most == 1 {
		return nil, fmt.Errorf("evaluating on %d examples: give at least 2, from which an interval follows, or 0 for all", most)
	}
	e := &examined{f: f}
	for part := range e.drawn {
		n, wanted := f.Examples(objective.Part(part)), most
		if most == SampleLarge && n > large {
			wanted = ofTheLarge
		}
		if wanted > 0 && wanted < n {
			e.drawn[part] = f.Draw(random.New(seed, "evaluation").At(uint64(part)).Rand, objective.Part(part), wanted)
		}
	}
	return e, nil
}

// samples reports whether a part is evaluated on a sample.
func (e *examined) samples(part objective.Part) bool { return e.drawn[part] != nil }

// count is the number of examples that an evaluation of a part is of.
func (e *examined) count(part objective.Part) int {
	if e.samples(part) {
		return len(e.drawn[part])
	}
	return e.f.Examples(part)
}

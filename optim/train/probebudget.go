package train

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"drift/graph/objective"
)

// budget says when a run is measured and on how many examples, so that this takes about budgetShare of the run's work. Work is
// counted in multiplications by weights and not in time: a run stays a function of its settings and its seed.
type budget struct {
	every  int // steps between measurements
	stride int // where that many steps pay for less than leastSample: measure at every stride-th of these occasions only
	sample int // examples of a sample, and fixed examples of each part
}

const (
	budgetShare  = 0.03
	leastSample  = 4
	mostSample   = 128
	fromTheStart = 32 // occasions at the beginning of a run that are all taken: they cost less than starting it does
)

// What things take beside multiplications by weights, in units of one of these, as timed on one core of a CPU.
const (
	stepWork     = 3e5   // a step, whatever its batch
	measureWork  = 2e6   // a measurement and its line in the log, whatever the sample
	vectorWork   = 6.    // a measurement, for each parameter
	exampleWork  = 21.   // a measurement, for each example of the sample and multiplication of a forward pass
	pairWork     = 2000. // a measurement, for each pair of examples of the sample
	spectrumWork = 34.   // the eigenvalues, for the third power of the sample
)

// newBudget is for a run whose steps each have a cost, in gradients of one example.
func newBudget(f *objective.Objective, every int, cost float64) (budget, error) {
	most := min(f.Examples(objective.Train), mostSample, f.Chunk()/2)
	switch {
	case f.Examples(objective.Train) < 2:
		return budget{}, errors.New("measuring Σ along the run takes at least 2 training examples")
	case most < 2:
		return budget{}, fmt.Errorf("measuring along the run takes chunks of at least 4 examples, here are %d", f.Chunk())
	}
	forward := float64(f.Products())
	measurement := func(sample int) float64 {
		n := float64(sample)
		return measureWork + vectorWork*float64(f.NumParams()) + n*(exampleWork*forward+n*(pairWork+n*spectrumWork))
	}
	least := min(leastSample, most)
	allowed := budgetShare * float64(every) * (stepWork + 3*forward*cost)
	b := budget{every: every, stride: max(1, int(math.Ceil(measurement(least)/allowed)))}
	allowed *= float64(b.stride)
	b.sample = max(least, sort.Search(most, func(less int) bool { return measurement(less+1) > allowed }))
	return b, nil
}

// due reports whether the run is measured after a step.
func (b budget) due(step int) bool {
	occasion := step / b.every
	return step%b.every == 0 && (occasion <= fromTheStart || occasion%b.stride == 0)
}

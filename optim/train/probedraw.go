package train

import (
	"fmt"
	"math"

	"drift/data"
	"drift/data/random"
	"drift/graph/objective"
)

// beforeTheRun is the step whose draw draws the fixed examples.
const beforeTheRun = math.MaxUint64

// draw is random examples of a part in random order, all different, a function of the seed and the step alone.
func (p *probe) draw(part objective.Part, step uint64, count int) []int {
	drawn := data.Draw(random.New(p.seed, fmt.Sprint("probe ", part)).At(step).Rand, p.f.Examples(part), count)
	if part == objective.Test {
		for i := range drawn {
			drawn[i] += p.f.Examples(objective.Train)
		}
	}
	return drawn
}

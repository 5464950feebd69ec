package train

import (
	"math"
	"math/rand/v2"

	"drift/data"
	"drift/graph/objective"
)

// beforeTheRun is the step whose draw makes the panels.
const beforeTheRun = math.MaxUint64

// draw is random examples of a part in random order, all different, a function of the seed and the step alone.
func (p *probe) draw(part objective.Part, step uint64, count int) []int {
	drawn := data.Draw(rand.New(rand.NewPCG(p.seed^0x70726f6265+uint64(part), step)), p.f.Examples(part), count)
	if part == objective.Test {
		for i := range drawn {
			drawn[i] += p.f.Examples(objective.Train)
		}
	}
	return drawn
}

package optim

import (
	"math"
	"math/rand/v2"

	"drift/optim/objective"
)

// beforeTheRun is the step whose draw makes the panels.
const beforeTheRun = math.MaxUint64

// draw is random examples of a part in random order, all different, a function of the seed and the step alone: the beginning of
// a shuffle (Fisher and Yates) that touches no more of the part than it draws.
func (p *probe) draw(part objective.Part, step uint64, count int) []int {
	r := rand.New(rand.NewPCG(p.seed^0x70726f6265+uint64(part), step))
	n := p.f.Examples(part)
	chosen, moved := make([]int, min(count, n)), make(map[int]int, 2*count) // what stands at a place other than its own
	at := func(place int) int {
		if x, elsewhere := moved[place]; elsewhere {
			return x
		}
		return place
	}
	for i := range chosen {
		place := i + r.IntN(n-i)
		chosen[i] = at(place)
		moved[place] = at(i)
	}
	return chosen
}

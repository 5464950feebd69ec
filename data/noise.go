package data

import "drift/data/random"

// redraw replaces each label with probability share by a class drawn uniformly from all, its own included, and returns
// how many it drew. What happens to label i is a function of seed and i.
func redraw(s Set, share float64, seed uint64) int {
	if share == 0 {
		return 0
	}
	random, drawn := random.New(seed, "label noise"), 0
	for i := range s.Labels {
		if random.At(uint64(i)); random.Float64() < share && s.Labels[i] != NoLabel {
			s.Labels[i] = int32(random.IntN(s.Classes))
			drawn++
		}
	}
	return drawn
}

package data

import "math/rand/v2"

// Draw is k of the numbers 0 … n−1, or all where there are fewer, all different and in random order: the beginning of a shuffle
// (Fisher and Yates) that touches no more than it draws.
func Draw(r *rand.Rand, n, k int) []int {
	drawn, moved := make([]int, min(k, n)), make(map[int]int, 2*k) // what stands at a place other than its own
	at := func(place int) int {
		if x, elsewhere := moved[place]; elsewhere {
			return x
		}
		return place
	}
	for i := range drawn {
		place := i + r.IntN(n-i)
		drawn[i] = at(place)
		moved[place] = at(i)
	}
	return drawn
}

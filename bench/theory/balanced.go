package theory

import "gonum.org/v1/gonum/floats"

// Eight examples have 40,320 orders. Of these, balancedOrders is 56 in which every ordered pair of different examples stands
// at every ordered pair of places once: the maps x → ax + b, a ≠ 0, of the field of eight elements. Any sum over examples or over pairs of
// places, with whatever weights of places, has the same mean over them as over all; so has where an epoch leads, up to O(η³).
func balancedOrders() [][]int {
	var all [][]int
	for a := 1; a < balancedSize; a++ {
		for b := range balancedSize {
			order := make([]int, balancedSize)
			for x := range order {
				order[x] = product(a, x) ^ b
			}
			all = append(all, order)
		}
	}
	return all
}

const balancedSize = 8

// product is that of polynomials over GF(2) modulo x³ + x + 1, their coefficients as bits.
func product(a, x int) (p int) {
	for bit := range 3 {
		if a>>bit&1 == 1 {
			p ^= x << bit
		}
	}
	for bit := 4; bit >= 3; bit-- {
		if p>>bit&1 == 1 {
			p ^= 0b1011 << (bit - 3)
		}
	}
	return p
}

// toSecondOrder is the displacement after an epoch of m batches, averaged over all shuffles, or for eight examples in more than two batches over
// balanced orders: batches of two take two places each.
func (w *World) toSecondOrder(d Descent, examples []int, m int) []float64 {
	if len(examples) != balancedSize || m <= 2 {
		return w.OverSplits(d, examples, m)
	}
	orders, mean := balancedOrders(), make([]float64, w.Parameters())
	for _, order := range orders {
		floats.AddScaled(mean, 1/float64(len(orders)), w.Follow(d, batches(pick(examples, order), m)))
	}
	return mean
}

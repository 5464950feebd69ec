package theory

import "testing"

// So sums over examples and over pairs of places have the mean of all shuffles; the checks of (13) show that what is left is O(η³).
func TestBalancedOrders(t *testing.T) {
	const n = balancedSize
	seen := make(map[[4]int]int)
	for _, order := range balancedOrders() {
		for s := range n {
			for u := range n {
				if s != u {
					seen[[4]int{s, u, order[s], order[u]}]++
				}
			}
		}
	}
	if len(seen) != n*(n-1)*n*(n-1) || len(balancedOrders()) != n*(n-1) { // each once
		t.Errorf("%d orders, %d pairs at pairs of places", len(balancedOrders()), len(seen))
	}
}

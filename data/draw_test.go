package data

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is drawn is the beginning of the shuffle that the same numbers give.
func TestDrawIsTheBeginningOfAShuffle(t *testing.T) {
	const n = 20
	for k := range n + 3 {
		whole := make([]int, n)
		for i := range whole {
			whole[i] = i
		}
		r := rand.New(rand.NewPCG(1, 2))
		for i := range whole {
			j := i + r.IntN(n-i)
			whole[i], whole[j] = whole[j], whole[i]
		}
		if got := Draw(rand.New(rand.NewPCG(1, 2)), n, k); !slices.Equal(got, whole[:min(k, n)]) {
			t.Errorf("%d of %d: %v, want %v", k, n, got, whole[:min(k, n)])
		}
	}
}

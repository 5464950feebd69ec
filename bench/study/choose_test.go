package study

import (
	"math"
	"slices"
	"testing"
)

// The best few by one seed are run again, and what was best by luck on one, or diverges on another, is not chosen.
func TestChoiceSurvivesOtherSeeds(t *testing.T) {
	nan := math.NaN()
	if got := Finalists([]float64{3, nan, 1, 2, 1}, 3); !slices.Equal(got, []int{2, 4, 3}) {
		t.Errorf("finalists %v", got)
	}
	if got := Finalists([]float64{nan, 5}, 3); !slices.Equal(got, []int{1}) {
		t.Errorf("finalists %v, want the only one that is finite", got)
	}
	for _, c := range []struct {
		losses [][]float64
		want   int
	}{
		{[][]float64{{0.1, 2.3, 0.1}, {0.3, 0.4, 0.3}, {0.2, nan, 0.2}}, 1},
		{[][]float64{{0.3, 0.4}, {0.4, 0.3}}, 0},
		{[][]float64{{1.0, 2.5, 1.4}, {1.1, 2.4, 1.5}}, 0},
		{[][]float64{nil, {5}}, 1},
		{[][]float64{{nan}, nil}, -1},
		{nil, -1},
	} {
		if got := Steadiest(c.losses); got != c.want {
			t.Errorf("of %v the choice is %d, want %d", c.losses, got, c.want)
		}
	}
}

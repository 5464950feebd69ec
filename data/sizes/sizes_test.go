package sizes

import (
	"math"
	"testing"
)

func TestProduct(t *testing.T) {
	for _, c := range []struct {
		shape []int
		most  int
		want  int // −1: refused
	}{
		{nil, 1, 1}, {[]int{3, 4}, 12, 12}, {[]int{3, 4}, 11, -1}, {[]int{-1}, 5, -1}, {[]int{0, 7}, 7, 0}, {[]int{0, 8}, 7, -1}, {[]int{8, 0}, 7, -1},
		{[]int{math.MaxInt, math.MaxInt}, math.MaxInt, -1}, {[]int{1 << 32, 1 << 31}, math.MaxInt, -1}, {[]int{1 << 32, 1 << 30}, math.MaxInt, 1 << 62},
	} {
		got, err := Product(c.shape, c.most)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("%v, at most %d: %d, %v, want %d", c.shape, c.most, got, err, c.want)
		}
	}
}

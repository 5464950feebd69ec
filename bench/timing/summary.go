package timing

import (
	"math"
	"slices"
)

// Summary is the middle and the range of repeated measurements.
type Summary struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Summarize is the summary of some numbers; of none it is NaN.
func Summarize(x []float64) Summary {
	if len(x) == 0 {
		return Summary{math.NaN(), math.NaN(), math.NaN()}
	}
	s := slices.Sorted(slices.Values(x))
	half := len(s) / 2
	median := s[half]
	if len(s)%2 == 0 {
		median = (s[half-1] + s[half]) / 2
	}
	return Summary{median, s[0], s[len(s)-1]}
}

// GeometricMean is (Π x)^(1/n); of none it is NaN.
func GeometricMean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(x)))
}

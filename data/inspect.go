package data

import (
	"math"
	"slices"
)

// Summary describes a set. Mean, Std (1/N), Min and Max are over all elements of all inputs; the target's over all
// elements of Y.
type Summary struct {
	Name       string  `json:"name"`
	Examples   int     `json:"examples"`
	Shape      []int   `json:"shape"`
	Classes    int     `json:"classes"`
	Outputs    int     `json:"outputs"`
	Counts     []int   `json:"counts,omitempty"` // examples of each class
	Mean       float64 `json:"mean"`
	Std        float64 `json:"std"`
	Min        float64 `json:"min"`
	Max        float64 `json:"max"`
	TargetMean float64 `json:"target_mean"`
	TargetStd  float64 `json:"target_std"`
}

// Inspect summarizes a set. All numbers of an empty set are 0.
func Inspect(s Set) Summary {
	sum := Summary{Name: s.Name, Examples: s.Len(), Shape: s.Shape, Classes: s.Classes, Outputs: s.Outputs}
	sum.Mean, sum.Std = meanStd(slices.Values(s.X))
	sum.TargetMean, sum.TargetStd = meanStd(slices.Values(s.Y))
	if s.Classes > 0 {
		sum.Counts = make([]int, s.Classes)
		for _, y := range s.Y {
			sum.Counts[int(y)]++
		}
	}
	if len(s.X) > 0 {
		sum.Min, sum.Max = math.Inf(1), math.Inf(-1)
	}
	for _, x := range s.X {
		sum.Min, sum.Max = min(sum.Min, float64(x)), max(sum.Max, float64(x))
	}
	return sum
}

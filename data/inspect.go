package data

import (
	"math"
	"slices"
)

// Summary describes a set. Mean, Std (1/N), Min and Max are over all elements of all inputs; the target's over all
// targets, classes or quantities.
type Summary struct {
	Name       string  `json:"name"`
	Examples   int     `json:"examples"`
	Shape      []int   `json:"shape"`
	Classes    int     `json:"classes"`
	Outputs    int     `json:"outputs"`
	Counts     []int   `json:"counts,omitempty"` // labels of each class
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
	sum.Mean, sum.Std = meanStd(values(s.X.all()))
	if sum.TargetMean, sum.TargetStd = meanStd(slices.Values(s.Y)); s.Classes > 0 {
		sum.TargetMean, sum.TargetStd = meanStd(func(yield func(float64) bool) {
			for _, class := range s.Labels {
				if class != NoLabel && !yield(float64(class)) {
					return
				}
			}
		})
		sum.Counts = make([]int, s.Classes)
		for _, class := range s.Labels {
			if class != NoLabel {
				sum.Counts[class]++
			}
		}
	}
	if s.X.Len() > 0 {
		sum.Min, sum.Max = math.Inf(1), math.Inf(-1)
	}
	for _, x := range s.X.all() {
		sum.Min, sum.Max = min(sum.Min, x), max(sum.Max, x)
	}
	return sum
}

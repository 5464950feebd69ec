package data

import (
	"fmt"
	"iter"
	"math"
)

// groups is how an example's input divides into runs of elements that are normalized together: the channels of an image
// [C,H,W], the features of a row [D], and the whole of anything else.
func (s Set) groups() int {
	if len(s.Shape) == 1 || len(s.Shape) == 3 {
		return s.Shape[0]
	}
	return 1
}

// moments returns the mean and standard deviation (1/N) of each group over all examples; the standard deviation of a
// constant group is given as 1, so that dividing by it is harmless.
func moments(s Set) (mean, std []float64, err error) {
	groups := s.groups()
	mean, std = make([]float64, groups), make([]float64, groups)
	run := s.Size() / groups
	for g := range groups {
		mean[g], std[g] = meanStd(values(s.X.runs(g*run, run, s.Size())))
		if std[g] == 0 {
			std[g] = 1
		}
		if math.IsInf(std[g], 0) || math.IsNaN(std[g]) {
			return nil, nil, fmt.Errorf("normalize=on: the squares of inputs are beyond float64: scale them")
		}
	}
	return mean, std, nil
}

// values leaves out the places of numbers.
func values[K any](numbered iter.Seq2[K, float64]) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		for _, x := range numbered {
			if !yield(x) {
				return
			}
		}
	}
}

// meanStd returns the mean and the standard deviation (1/N), 0 and 0 of nothing, by two passes. The first one takes differences from
// the first value, so that values that are all the same have exactly that mean and no deviation, and the second, from the mean.
func meanStd(values iter.Seq[float64]) (mean, std float64) {
	var first, count float64
	for x := range values {
		if count == 0 {
			first = x
		}
		count++
		mean += x - first
	}
	if count == 0 {
		return 0, 0
	}
	mean = first + mean/count
	for x := range values {
		std += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(std / count)
}

// normalize makes x read as (x − mean)/std, group by group.
func (s *Set) normalize(mean, std []float64) {
	s.X = s.X.normalized(mean, std, s.Size()/len(mean))
}

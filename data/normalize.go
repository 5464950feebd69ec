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
func moments(s Set) (mean, std []float32) {
	groups := s.groups()
	mean, std = make([]float32, groups), make([]float32, groups)
	for g := range groups {
		m, d := meanStd(s.group(g, groups))
		mean[g], std[g] = float32(m), float32(d)
		if std[g] == 0 {
			std[g] = 1
		}
	}
	return mean, std
}

// group is the elements of one of so many groups, example by example.
func (s Set) group(g, groups int) iter.Seq[float32] {
	run := s.Size() / groups
	return func(yield func(float32) bool) {
		for i := g * run; i < len(s.X); i += s.Size() {
			for _, x := range s.X[i : i+run] {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// meanStd returns the mean and the standard deviation (1/N), 0 and 0 of nothing, by two passes in float64. The first one takes
// differences from the first value, so that values that are all the same have exactly that mean and no deviation.
func meanStd[T float32 | float64](values iter.Seq[T]) (mean, std float64) {
	var first, count float64
	for x := range values {
		if count == 0 {
			first = float64(x)
		}
		count++
		mean += float64(x) - first
	}
	if count == 0 {
		return 0, 0
	}
	mean = first + mean/count
	for x := range values {
		std += (float64(x) - mean) * (float64(x) - mean)
	}
	return mean, math.Sqrt(std / count)
}

// normalize replaces x by (x − mean)/std, group by group.
func (s Set) normalize(mean, std []float32) {
	run := s.Size() / len(mean)
	for i := 0; i < len(s.X); i += run {
		m, d := float64(mean[i/run%len(mean)]), float64(std[i/run%len(mean)])
		for j, x := range s.X[i : i+run] {
			s.X[i+j] = float32((float64(x) - m) / d) // float32 might overflow on the way
		}
	}
}

// checkFinite reports the first example that holds a NaN or an infinity.
func (s Set) checkFinite() error {
	for _, part := range []struct {
		kind string
		v    []float32
		each int
	}{{"input", s.X, s.Size()}, {"target", s.Y, s.Targets()}} {
		for i, x := range part.v {
			if d := float64(x); math.IsNaN(d) || math.IsInf(d, 0) {
				return fmt.Errorf("%s: the %s of example %d holds %v: remove or repair it", s.Name, part.kind, i/part.each, d)
			}
		}
	}
	return nil
}

package data

import (
	"fmt"
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
	run := s.Size() / groups
	mean, std = make([]float32, groups), make([]float32, groups)
	for g := range groups {
		m, v := s.groupMoments(g, run)
		mean[g], std[g] = float32(m), float32(math.Sqrt(v))
		if std[g] == 0 {
			std[g] = 1
		}
	}
	return mean, std
}

// groupMoments returns the mean and variance of one group's elements, by two passes.
func (s Set) groupMoments(group, run int) (mean, variance float64) {
	count := float64(s.Len() * run)
	each := func(f func(x float64)) {
		for i := group * run; i < len(s.X); i += s.Size() {
			for _, x := range s.X[i : i+run] {
				f(float64(x))
			}
		}
	}
	each(func(x float64) { mean += x / count })
	each(func(x float64) { variance += (x - mean) * (x - mean) / count })
	return mean, variance
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

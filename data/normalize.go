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
// constant group is given as 1, so that dividing by it is harmless. The examples are read twice, wherever they lie, and sums are in their order.
func moments(s Set) (mean, std []float64, err error) {
	groups := s.groups()
	run := s.Size() / groups
	sums := make([]deviations, groups)
	each := func(pass func(d *deviations, x float64)) error {
		return s.readRows(0, s.Len(), func(_ int, x []float64) {
			for k, v := range x {
				pass(&sums[k/run], v)
			}
		})
	}
	if err := each((*deviations).add); err != nil {
		return nil, nil, err
	}
	for g := range sums {
		sums[g].center()
	}
	if err := each((*deviations).spread); err != nil {
		return nil, nil, err
	}
	for _, d := range sums {
		m, sd := d.mean, d.std()
		if sd == 0 {
			sd = 1
		}
		if math.IsInf(sd, 0) || math.IsNaN(sd) {
			return nil, nil, fmt.Errorf("normalize=on: the squares of inputs are beyond float64: scale them")
		}
		mean, std = append(mean, m), append(std, sd)
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

// meanStd returns the mean and the standard deviation (1/N), 0 and 0 of nothing.
func meanStd(values iter.Seq[float64]) (mean, std float64) {
	var d deviations
	for x := range values {
		d.add(x)
	}
	d.center()
	for x := range values {
		d.spread(x)
	}
	return d.mean, d.std()
}

// deviations are sums over numbers that pass by twice: first add takes differences from the first one, so that numbers that are all the
// same have exactly that mean and no deviation, and then spread from the mean.
type deviations struct{ first, count, sum, mean, squares float64 }

func (d *deviations) add(x float64) {
	if d.count == 0 {
		d.first = x
	}
	d.count++
	d.sum += x - d.first
}

// center comes between the two passes.
func (d *deviations) center() { d.mean = d.first + d.sum/max(d.count, 1) }

func (d *deviations) spread(x float64) { d.squares += (x - d.mean) * (x - d.mean) }

func (d *deviations) std() float64 { return math.Sqrt(d.squares / max(d.count, 1)) }

// normalize makes x read as (x − mean)/std, group by group.
func (s *Set) normalize(mean, std []float64) {
	s.X = s.X.normalized(mean, std, s.Size()/len(mean))
}

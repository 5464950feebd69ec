package data

import (
	"fmt"
	"iter"
	"math"
)

// noticed is the share of a standard deviation above which rounding spoils a number.
const noticed = 1e-3

// Float32Notice tells, in one line, inputs or targets that float32 cannot tell apart well: those whose rounding to it moves them by
// more than a thousandth of the standard deviation of their feature, channel or output, as it does times in seconds. "" where there
// are none.
func Float32Notice(s Set) string {
	if s.X.bytes == nil && s.Len() > 0 {
		groups := s.groups()
		run := s.Size() / groups
		for g := range groups {
			if share := rounding(values(s.X.runs(g*run, run, s.Size()))); share > noticed {
				return fmt.Sprintf("rounding to float32 moves input %d of %s by up to %.2g of its standard deviation: say normalize=on, or compute in float64",
					g+1, s.Name, share)
			}
		}
	}
	for k := range s.Outputs {
		share := rounding(func(yield func(float64) bool) {
			for i := k; i < len(s.Y); i += s.Outputs {
				if !yield(s.Y[i]) {
					return
				}
			}
		})
		if share > noticed {
			return fmt.Sprintf("rounding to float32 moves target %d of %s by up to %.2g of its standard deviation: compute in float64, or subtract a constant",
				k+1, s.Name, share)
		}
	}
	return ""
}

// rounding is the largest error of rounding numbers to float32, as a share of their standard deviation; 0 for a constant.
func rounding(numbers iter.Seq[float64]) float64 {
	largest := 0.
	for x := range numbers {
		if y := float64(float32(x)); !math.IsInf(y, 0) {
			largest = max(largest, math.Abs(y-x))
		}
	}
	if largest == 0 {
		return 0
	}
	if _, std := meanStd(numbers); std > 0 {
		return largest / std
	}
	return 0
}

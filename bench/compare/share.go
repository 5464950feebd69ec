package compare

import (
	"encoding/json"
	"fmt"
	"math"

	"drift/bench/report"
)

// Share is how much of ‖D‖ a prediction explains, 1 − ‖what it leaves‖/‖D‖, or for what is left its length ‖x‖/‖D‖.
type Share struct {
	report.Interval // over seeds; NaN where the length is not told from noise
	// Square is ‖what is left‖²/‖D‖², which is known without bias and comes out negative where noise exceeds what is left.
	Square report.Interval
	left   bool // a length, and no share explained
}

// newShare is the mean over seeds of squared lengths, with their standard errors. Where one of them is not positive it has no root, and the
// length is not resolved.
func newShare(squares, deviations []float64, left bool) *Share {
	s := &Share{Square: report.Mean95(squares), left: left}
	var shares []float64
	for _, x := range squares {
		if x > 0 {
			shares = append(shares, s.of(math.Sqrt(x)))
		}
	}
	s.Interval = report.Mean95(nil)
	if len(shares) == len(squares) {
		s.Interval = report.Mean95(shares)
	}
	if len(squares) == 1 {
		s.Square.CI95 = normal95 * deviations[0]
	}
	return s
}

// normal95 is the 97.5 % quantile of the normal distribution.
const normal95 = 1.96

// of is the share of a length.
func (s *Share) of(length float64) float64 {
	if s.left {
		return length
	}
	return 1 - length
}

// Measured reports whether there is anything to say.
func (s *Share) Measured() bool { return s.Square.Known() }

// Bound is what a share that is not resolved is at least, and a length that is not resolved at most, with the upper end of the square's 95 %
// interval for the square. It is NaN where nothing is known of the noise.
func (s *Share) Bound() float64 { return s.of(math.Sqrt(math.Max(0, s.Square.Mean+s.Square.CI95))) }

// String is the interval, or the bound of what is not resolved.
func (s *Share) String() string {
	side := "at least"
	if s.left {
		side = "at most"
	}
	switch bound := s.Bound(); {
	case s.Known() || !s.Measured():
		return s.Interval.String()
	case math.IsNaN(bound):
		return "not resolved"
	default:
		return fmt.Sprintf("%s %.2g (not resolved)", side, bound)
	}
}

// MarshalJSON writes {"mean": …, "ci95": …, "square": {…}}, and the bound of what is not resolved.
func (s *Share) MarshalJSON() ([]byte, error) {
	type number = report.Number
	bound := number(math.NaN())
	if !s.Known() {
		bound = number(s.Bound())
	}
	return json.Marshal(struct {
		Mean   number          `json:"mean"`
		CI95   number          `json:"ci95"`
		Square report.Interval `json:"square"`
		Bound  number          `json:"bound"`
	}{number(s.Mean), number(s.CI95), s.Square, bound})
}

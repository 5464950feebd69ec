package options

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// interval is the finite numbers from low to high, the ends in it or not.
type interval struct {
	low, high         float64
	openLow, openHigh bool
}

// parseInterval reads "[0,1)", "(0,inf)" and the like; "" is all finite numbers.
func parseInterval(s string) (interval, error) {
	if s == "" {
		return interval{math.Inf(-1), math.Inf(1), true, true}, nil
	}
	low, high, ok := strings.Cut(strings.Trim(s, "[]()"), ",")
	a, err1 := strconv.ParseFloat(low, 64)
	b, err2 := strconv.ParseFloat(high, 64)
	if !ok || err1 != nil || err2 != nil {
		return interval{}, fmt.Errorf("range %q, want one such as [0,1)", s)
	}
	return interval{a, b, strings.HasPrefix(s, "("), strings.HasSuffix(s, ")")}, nil
}

func (i interval) has(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0) && (x > i.low || x == i.low && !i.openLow) && (x < i.high || x == i.high && !i.openHigh)
}

// String says which numbers those are, behind "a finite number" or "a whole number".
func (i interval) String() string {
	above, below := fmt.Sprintf(" of at least %v", i.low), fmt.Sprintf(" of at most %v", i.high)
	if i.openLow {
		above = fmt.Sprintf(" above %v", i.low)
	}
	if i.openHigh {
		below = fmt.Sprintf(" below %v", i.high)
	}
	switch {
	case math.IsInf(i.low, 0) && math.IsInf(i.high, 0):
		return ""
	case math.IsInf(i.high, 0):
		return above
	case math.IsInf(i.low, 0):
		return below
	case i.openHigh && !i.openLow:
		return fmt.Sprintf(" from %v up to, not including, %v", i.low, i.high)
	}
	return above + " and" + below
}

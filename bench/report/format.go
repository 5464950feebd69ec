package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// String is "0.7287 ± 0.0033": the half width with two significant digits, the mean to the same decimal place.
func (v Interval) String() string {
	if math.IsNaN(v.CI95) {
		return Format(v.Mean)
	}
	if v.CI95 == 0 || math.IsInf(v.CI95, 0) || math.IsNaN(v.Mean) || math.IsInf(v.Mean, 0) {
		return Format(v.Mean) + " ± " + Format(v.CI95)
	}
	decimals := 1 - int(math.Floor(math.Log10(v.CI95)))
	if largest := math.Max(math.Abs(v.Mean), v.CI95); largest >= 1e9 || decimals > 9 {
		return signed(strconv.FormatFloat(v.Mean, 'e', 3, 64)) + " ± " + strconv.FormatFloat(v.CI95, 'e', 1, 64)
	}
	decimals = max(decimals, 0)
	return group(strconv.FormatFloat(v.Mean, 'f', decimals, 64)) + " ± " + group(strconv.FormatFloat(v.CI95, 'f', decimals, 64))
}

// Format writes a number with four significant digits, a whole number in full, and an absent one (NaN) as a dash.
func Format(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case math.IsInf(x, 0):
		return signed(strings.Replace(strconv.FormatFloat(x, 'f', -1, 64), "Inf", "∞", 1))
	case x == math.Trunc(x) && a < 1e12:
		return group(strconv.FormatFloat(x, 'f', 0, 64))
	case a >= 1e6 || a < 1e-4:
		return signed(strconv.FormatFloat(x, 'e', 3, 64))
	default:
		return group(strconv.FormatFloat(x, 'f', max(0, 3-int(math.Floor(math.Log10(a)))), 64))
	}
}

// signed writes the minus before a number as group does.
func signed(s string) string {
	if strings.HasPrefix(s, "-") {
		return "−" + s[1:]
	}
	return s
}

// group puts commas between thousands of the whole part of a plain decimal number.
func group(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		whole = whole[1:]
		if strings.Trim(whole+fraction, "0") != "" { // no minus before what is rounded to zero
			sign = "−"
		}
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// Bytes is a number of bytes in words.
func Bytes(n int64) string {
	switch x := float64(n); {
	case x >= 1<<30:
		return fmt.Sprintf("%.1f GiB", x/(1<<30))
	case x >= 1<<20:
		return fmt.Sprintf("%.1f MiB", x/(1<<20))
	case x >= 1<<10:
		return fmt.Sprintf("%.1f KiB", x/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

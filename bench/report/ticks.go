package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// linearTicks labels about five multiples of 1, 2 or 5 times a power of ten, all to the same decimal place.
type linearTicks struct{}

func (linearTicks) Ticks(low, high float64) []plot.Tick {
	if !(low < high) {
		return nil
	}
	power := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	step := power
	for _, factor := range []float64{1, 2, 5, 10} {
		if step = factor * power; (high-low)/step <= 6 {
			break
		}
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for k := math.Ceil(low/step-1e-9) + 0; k*step <= high+1e-9*step; k++ {
		label := group(strconv.FormatFloat(k*step, 'f', decimals, 64))
		if decimals > 5 {
			label = strings.Replace(strconv.FormatFloat(k*step, 'g', 3, 64), "-", "−", 1)
		}
		ticks = append(ticks, plot.Tick{Value: k * step, Label: label})
	}
	return ticks
}

// logTicks labels powers of ten; where fewer than two fall into the range, also 2 and 5 times them. Over many decades not every
// power has a label.
type logTicks struct{}

func (logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0 && low < high) {
		return nil
	}
	var ticks []plot.Tick
	from, to := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := max(1, int(math.Ceil(float64(to-from)/7)))
	few := math.Floor(math.Log10(high)+1e-9)-math.Ceil(math.Log10(low)-1e-9) < 1
	for e := from; e <= to; e++ {
		for digit := 1; digit < 10; digit++ {
			x := float64(digit) * math.Pow(10, float64(e))
			if x < low*(1-1e-9) || x > high*(1+1e-9) || digit > 1 && to-from > 7 {
				continue
			}
			tick := plot.Tick{Value: x}
			if digit == 1 && e%every == 0 || few && (digit == 2 || digit == 5) {
				tick.Label = power(digit, e, from >= -3 && to <= 4)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// power is digit·10ᵉ, in full or as 1e−6: the font has no raised minus.
func power(digit, e int, full bool) string {
	if full {
		return group(strconv.FormatFloat(float64(digit)*math.Pow(10, float64(e)), 'f', max(0, -e), 64))
	}
	if e == 0 {
		return strconv.Itoa(digit)
	}
	return strings.Replace(fmt.Sprintf("%de%d", digit, e), "-", "−", 1)
}

// Ticks are the places on an axis, those with a label and, between powers of ten, some without.
func Ticks(low, high float64, log bool) []plot.Tick {
	if log {
		return logTicks{}.Ticks(low, high)
	}
	return linearTicks{}.Ticks(low, high)
}

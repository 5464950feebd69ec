package optim

import (
	"math"
	"strconv"
)

// Dimension is one number of an optimizer's settings that is worth searching, on a logarithmic scale from Low to High.
type Dimension struct {
	Name      string
	Low, High float64
	whole     bool
	set       func(s *Settings, x float64)
}

// Space is what a search over the settings of an optimizer goes through, around what they say now: always the learning rate, for
// gd-reg and gd-noise the batch size whose noise they follow, for sigma-inverse the damping. A batch size that must divide the
// examples into blocks is not searched.
func (s Settings) Space() []Dimension {
	space := []Dimension{{"lr", s.Rate / 10, s.Rate * 10, false, func(s *Settings, x float64) { s.Rate = x }}}
	switch {
	case s.EmulateBatch > 0 && !s.inBlocks():
		b := float64(s.EmulateBatch)
		space = append(space, Dimension{"emulate-batch", math.Max(1, b/8), math.Max(2, b*2), true,
			func(s *Settings, x float64) { s.EmulateBatch = int(x) }})
	case s.Optimizer == "sigma-inverse":
		damping := s.Damping
		if damping == 0 {
			damping = 1
		}
		space = append(space, Dimension{"damping", damping / 100, damping * 10, false, func(s *Settings, x float64) { s.Damping = x }})
	}
	return space
}

// Trial is the settings of one trial of a search: the given ones at first, then points that fill the space evenly (Halton
// 1960). Every optimizer gets as many trials as it is given, however many dimensions it has.
func (s Settings) Trial(number int) Settings {
	if number == 0 {
		return s
	}
	out := s
	for k, d := range s.Space() {
		x := d.Low * math.Pow(d.High/d.Low, radicalInverse(number+1, []int{2, 3}[k])) // the first point is the middle, the settings themselves
		if d.whole {
			x = math.Round(x)
		}
		d.set(&out, threeDigits(x))
	}
	return out
}

// threeDigits rounds a number to what one would type.
func threeDigits(x float64) float64 {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return x
}

// radicalInverse mirrors the digits of n in a base at the point: 6 = 110₂ becomes 0.011₂.
func radicalInverse(n, base int) float64 {
	x, place := 0., 1.
	for ; n > 0; n /= base {
		place /= float64(base)
		x += place * float64(n%base)
	}
	return x
}

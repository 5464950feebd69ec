package theory

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"
)

// reading is a prediction and a measurement at one learning rate.
type reading struct {
	rate                float64
	predicted, measured []float64
	rounding            float64 // length of what rounding may leave in the measurement
	spare               bool    // the rate is so high that it counts only where rounding leaves too few lower ones
	crossed             bool    // units changed their sides of kinks on the way
}

// claim is the same measurement beside another prediction.
func claim(readings []reading, predict func(r reading) []float64) []reading {
	other := make([]reading, len(readings))
	for k, r := range readings {
		other[k] = r
		other[k].predicted = predict(r)
	}
	return other
}

// scaled is the same measurement beside c times the prediction.
func scaled(readings []reading, c float64) []reading {
	return claim(readings, func(r reading) []float64 { return times(c, r.predicted) })
}

// pair is a prediction and what was measured.
type pair struct{ predicted, measured []float64 }

// noise is how rounding grows with the learning rate.
type noise int

const (
	steady       noise = 0 // that of losses and gradients
	proportional noise = 1 // that of displacements
)

// ladder measures some statements at learning rates a factor 2 apart, the first of which is top or up to some spare halvings below it:
// the spare rates come in, from the lowest up, as long as rounding leaves some statement too few others. What is left of the errors at
// rates so low that every remainder has vanished is rounding.
func (l *lab) ladder(top float64, grows noise, measure func(rate float64) []pair) [][]reading {
	spare := spareRates[grows]
	vanished := math.Ldexp(top, vanishing)
	if grows == proportional {
		vanished = math.Ldexp(vanished, -spare)
	}
	rounding := roundingOf(vanished, grows, measure)
	all := make([][]reading, len(rounding))
	at := func(halvings int) (of []reading) {
		rate := math.Ldexp(top, -halvings)
		for i, p := range measure(rate) {
			of = append(of, reading{rate: rate, predicted: p.predicted, measured: p.measured, rounding: rounding[i] * math.Pow(rate, float64(grows)), spare: halvings < spare})
		}
		return of
	}
	for k := spare; k < spare+l.Rates; k++ {
		for i, r := range at(k) {
			all[i] = append(all[i], r)
		}
	}
	for k := spare - 1; k >= 0 && slices.ContainsFunc(all, tooFew); k-- {
		for i, r := range at(k) {
			all[i] = append([]reading{r}, all[i]...)
		}
	}
	return all
}

// tooFew reports whether a slope needs more rates than rounding leaves.
func tooFew(readings []reading) bool {
	_, clear := errorsOf(readings)
	return clear < leastRates
}

// roundingOf is the largest error met at some rates around a vanishing one, at rate 1 where it grows with the rate. A long vector needs
// one of them: its length is an average over roundings by itself.
func roundingOf(rate float64, grows noise, measure func(rate float64) []pair) (largest []float64) {
	const tries, long = 8, 64
	shortest := 0
	for k := 0; k < tries && shortest < long; k++ {
		rate *= 1 - 1./16
		pairs := measure(rate)
		shortest = len(pairs[0].measured)
		largest = append(largest, make([]float64, len(pairs)-len(largest))...)
		for i, p := range pairs {
			shortest = min(shortest, len(p.measured))
			largest[i] = max(largest[i], floats.Distance(p.predicted, p.measured, 2)/math.Pow(rate, float64(grows)))
		}
	}
	return largest
}

// spareRates are the rates from the top down that are left to statements whose errors soon drown in rounding: fewer where rounding
// falls with the rate too.
var spareRates = map[noise]int{steady: 6, proportional: 3}

const vanishing = -20 // power of 2 below the top at which errors are rounding

const (
	leastRates   = 5 // rates that a slope must rest on
	clearOfNoise = 4 // times the largest rounding met that an error must have to count
)

// order judges measured = predicted + O(η^slope): the slope of the error in a log-log fit over the rates at which rounding does
// not count, and the leading term at the smallest of these. Where rounding is all there is, the statement has no
// remainder, as for a quadratic loss.
func order(equation, name string, slope float64, readings []reading) Check {
	c := blank(equation, name)
	c.SlopeExpected = slope
	var clear int
	c.Points, clear = errorsOf(readings)
	var x, y []float64
	kinks, best := 0, -1
	for k, p := range c.Points {
		switch {
		case readings[k].crossed:
			kinks++
		case p.Used || best < 0:
			best = k
		}
		if p.Used {
			x, y = append(x, math.Log(p.Rate)), append(y, math.Log(p.Error))
		}
	}
	if best < 0 {
		c.Open, c.Note = true, "kinks are crossed at every rate"
		return c
	}
	c = c.compare(readings[best].predicted, readings[best].measured)
	why := fmt.Sprintf("rounding dominates at %d of %d rates", len(readings)-clear-kinks, len(readings))
	if kinks > 0 {
		why += fmt.Sprintf(", and kinks are crossed at %d", kinks)
	}
	switch {
	case clear == 0 && kinks == 0:
		c.Note = "no remainder beyond rounding"
		c.Pass = c.RelativeError <= leadingTolerance
		return c
	case clear < leastRates:
		c.Note = fmt.Sprintf("%s: %d are left, a slope needs %d", why, clear, leastRates)
		c.Open = c.RelativeError <= leadingTolerance
		return c
	case clear < len(readings):
		c.Note = why + ", left out"
	}
	_, c.Slope = stat.LinearRegression(x, y, nil, false)
	c.Pass = math.Abs(c.Slope-slope) <= slopeTolerance && c.RelativeError <= leadingTolerance
	return c
}

// errorsOf is the errors, and the number of them that are clear of rounding. Those that are not spare are used, and then spare ones
// from the lowest up until a slope has enough.
func errorsOf(readings []reading) (all []Point, clear int) {
	all = make([]Point, len(readings))
	used := 0
	for k := len(readings) - 1; k >= 0; k-- {
		r := readings[k]
		e := floats.Distance(r.predicted, r.measured, 2)
		all[k] = Point{Rate: r.rate, Error: e, Rounding: r.rounding}
		if e > clearOfNoise*r.rounding && !r.crossed {
			clear++
			if all[k].Used = !r.spare || used < leastRates; all[k].Used {
				used++
			}
		}
	}
	return all, clear
}

// Bounds on the learning rates: the part of a gradient that curvature may turn, and the share of a gradient's change that is
// not linear in the displacement.
const (
	mostTurn      = 0.2
	mostNonlinear = 0.1
	mostHalvings  = 40
)

// within is how far updates may lead along directions, as a learning rate: the largest of halving rates at which the gradient of every
// example is where its linearization at θ₀ puts it. Below it slopes show their order, and the activations of a
// rectifier stay on their side of the kink.
func (l *lab) within(directions [][]float64) (float64, error) {
	examples := append(append([]int(nil), l.few...), l.away...)
	rows := l.Each(examples, nil)
	turn := 0.0
	for k, g := range rows {
		if size := floats.Norm(g, 2); size > 0 {
			turn = max(turn, floats.Norm(l.HVP(examples[k:k+1], nil, g), 2)/size)
		}
	}
	rate := mostTurn / turn
	if math.IsNaN(rate) || math.IsInf(rate, 0) {
		return 0, fmt.Errorf("choosing learning rates: gradients or curvatures vanish at these parameters: give other weights, or another seed")
	}
	for _, v := range directions {
		halvings := 0
		for ; !l.linear(examples, rows, times(-rate, v)) && l.Err() == nil; rate /= 2 {
			if halvings++; halvings > mostHalvings {
				return 0, l.unsmooth(examples, times(-rate, v))
			}
		}
	}
	return rate, l.Err()
}

// unsmooth is why no learning rate will do: however short a way leads along u, gradients change at once.
func (l *lab) unsmooth(examples []int, u []float64) error {
	for _, n := range examples {
		if l.crossed([]int{n}, u) > 0 {
			return fmt.Errorf("choosing learning rates: the loss has no derivative at these parameters: a unit of ReLU or max pooling lies on its kink for example %d, "+
				"as where a bias of 0 follows a normalized zero: give trained weights, or a smooth activation such as softplus", n)
		}
	}
	return errors.New("choosing learning rates: the loss is not differentiable at these parameters: give other weights, or another seed")
}

// linear tells whether the gradients of examples, rows at θ₀, change as their linearization says on the way to u.
func (l *lab) linear(examples []int, rows [][]float64, u []float64) bool {
	for k := range examples {
		change := minus(l.Gradient(examples[k:k+1], u), rows[k])
		h := l.HVP(examples[k:k+1], nil, u)
		if floats.Distance(change, h, 2) > mostNonlinear*floats.Norm(h, 2)+clearOfNoise*l.gradientNoise {
			return false
		}
	}
	return true
}

// halfway is M g^B for every half B of the few.
func (l *lab) halfway(m Preconditioner) [][]float64 {
	var directions [][]float64
	for _, places := range combin.Combinations(len(l.few), len(l.few)/2) {
		directions = append(directions, m.times(meanOf(l.rows, places)))
	}
	return directions
}

// findNoise measures what rounding does to gradients: how far they move when the last bit of each parameter does.
func (l *lab) findNoise() {
	r := l.random("rounding")
	for range 4 {
		u := l.lastBits(r)
		for k := range l.few {
			l.gradientNoise = max(l.gradientNoise, floats.Distance(l.Gradient(l.few[k:k+1], u), l.rows[k], 2))
		}
	}
}

const epsilon = 0x1p-52

func (l *lab) lastBits(r *rand.Rand) []float64 {
	u := make([]float64, l.Parameters())
	for i, x := range l.origin {
		u[i] = epsilon * math.Abs(x) * float64(1-2*r.IntN(2))
	}
	return u
}

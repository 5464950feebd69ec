package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"drift/data/random"
	"drift/optim"
	"drift/optim/options"
)

// Dimension is one option of an optimizer that is worth searching: a number from Low to High, or one of Choices.
type Dimension struct {
	Name      string
	Low, High float64
	Scale     Scale
	Choices   []string // as options.Set reads them; nil for a span of numbers

	whole bool
}

// Scale is along which a span is searched evenly.
type Scale string

const (
	Log        Scale = "log"        // the logarithm of x; "" is this one
	Linear     Scale = "linear"     // x
	Complement Scale = "complement" // the logarithm of 1 − x, as momentum and β are
)

// at is the value at a place u of [0, 1), as options.Set reads it. Numbers have three digits.
func (d Dimension) at(u float64) string {
	if d.Choices != nil {
		return d.Choices[min(int(u*float64(len(d.Choices))), len(d.Choices)-1)]
	}
	switch d.Scale {
	case Linear:
		return d.text(d.Low + (d.High-d.Low)*u)
	case Complement:
		return strconv.FormatFloat(1-threeDigits((1-d.Low)*math.Pow((1-d.High)/(1-d.Low), u)), 'g', 12, 64)
	}
	return d.text(d.Low * math.Pow(d.High/d.Low, u))
}

func (d Dimension) text(x float64) string {
	if d.whole {
		return strconv.FormatFloat(threeDigits(math.Round(x)), 'f', 0, 64)
	}
	return fmt.Sprint(threeDigits(x))
}

// Narrowed is an optimizer that leaves some of its options out of a search, though their tags offer them.
type Narrowed interface{ NotSearched() []string }

// Space is what a search over the options of an optimizer goes through, around what they say now: those whose tags give a span, as
// far as they are not 0, which has no multiples.
func Space(o optim.Optimizer) []Dimension {
	var without []string
	if n, ok := o.(Narrowed); ok {
		without = n.NotSearched()
	}
	var space []Dimension
	for _, f := range options.Of(o) {
		if f.Search == nil || slices.Contains(without, f.Name) || options.Number(o, f.Name) == 0 {
			continue
		}
		x := options.Number(o, f.Name)
		d := Dimension{Name: f.Name, Low: f.Search.Low * x, High: f.Search.High * x}
		if d.whole = f.Kind == options.Int; d.whole {
			d.Low, d.High = math.Max(1, d.Low), math.Max(2, d.High)
		}
		space = append(space, d)
	}
	return space
}

// bases are of the radical inverses of the dimensions of a space: the first primes, which a space of more begins again.
var bases = []int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}

// Tried is the optimizer of one trial of a search: the given one at first, then points that fill its space evenly (Halton 1960).
// Every optimizer gets the same number of trials, however many dimensions it has.
func Tried(o optim.Optimizer, number int) (optim.Optimizer, error) {
	if number == 0 {
		return o, nil
	}
	space := Space(o)
	return point(o, space, number+1, make([]float64, len(space))) // the first point is the middle, near the options themselves
}

// Drawn is the optimizer of one trial, from 0 on, of a search through a declared space: Halton's points, moved by a random shift that
// follows from the seed and the optimizer's name (Cranley and Patterson 1976).
func Drawn(o optim.Optimizer, space []Dimension, number int, seed uint64, name string) (optim.Optimizer, error) {
	draws := random.New(seed, "search of "+name)
	shift := make([]float64, len(space))
	for k := range shift {
		shift[k] = draws.Float64()
	}
	return point(o, space, number+1, shift)
}

// point is the optimizer at a point of Halton's sequence, moved around the unit cube by a shift.
func point(o optim.Optimizer, space []Dimension, number int, shift []float64) (out optim.Optimizer, err error) {
	out = o
	for k, d := range space {
		_, u := math.Modf(radicalInverse(number, bases[k%len(bases)]) + shift[k])
		if out, err = options.Set(out, d.Name, d.at(u)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Adopt puts what a search chose, the values of its dimensions, into the optimizers for another number of examples.
func Adopt(entries, best []Entry) ([]Entry, error) {
	for i, b := range best {
		for _, d := range Space(entries[i].Optimizer) {
			var err error
			if entries[i].Optimizer, err = options.Set(entries[i].Optimizer, d.Name, options.Get(b.Optimizer, d.Name)); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

// threeDigits rounds a number to three significant digits.
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

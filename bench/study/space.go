package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"drift/optim"
	"drift/optim/options"
)

// Dimension is one number of an optimizer's options that is worth searching, on a logarithmic scale from Low to High.
type Dimension struct {
	Name      string
	Low, High float64

	whole bool
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
var bases = []int{2, 3, 5, 7, 11, 13}

// Tried is the optimizer of one trial of a search: the given one at first, then points that fill its space evenly (Halton 1960).
// Every optimizer gets the same number of trials, however many dimensions it has.
func Tried(o optim.Optimizer, number int) (optim.Optimizer, error) {
	if number == 0 {
		return o, nil
	}
	out, err := o, error(nil)
	for k, d := range Space(o) {
		x := d.Low * math.Pow(d.High/d.Low, radicalInverse(number+1, bases[k%len(bases)])) // the first point is the middle, near the options themselves
		if d.whole {
			x = math.Round(x)
		}
		if out, err = options.Set(out, d.Name, fmt.Sprint(threeDigits(x))); err != nil {
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

package page

import (
	"math"
	"sort"
	"strconv"
)

// chart is one panel of curves over a common axis.
type chart struct {
	ID, Title, Note string
	XLabel          string
	Along           bool // x may also be epochs or seconds, where curves have them
	LogX, LogY      bool
	Curves          []*curve
}

// curve is points in the order of x. Y has the mean and, where there is one, the interval from Low to High.
type curve struct {
	Series             int // whose colour it has
	Name               string
	Kind               kind
	X, Epochs, Seconds []float64
	Y, Low, High       []float64
}

// kind is how a curve is drawn.
type kind string

const (
	line   kind = "line"
	dashed kind = "dash"
	dotted kind = "dot"
	marks  kind = "marks" // points without a line
)

// most is the points of a curve that a page keeps, given how many curves it has: a page stays far below 3 MB.
func most(curves int) int { return min(1000, max(40, 40000/max(1, curves))) }

// drawn is the points of a curve that the figure in the page shows before a script draws all of them.
const drawn = 200

// thin keeps the least and the largest value of each of most/2 stretches, the first point and the last.
func (c *curve) thin(most int) *curve {
	if len(c.X) <= most {
		return c
	}
	out := &curve{Series: c.Series, Name: c.Name, Kind: c.Kind}
	buckets := max(1, most/2-1)
	keep := map[int]bool{0: true, len(c.X) - 1: true}
	for b := range buckets {
		from, to := b*len(c.X)/buckets, (b+1)*len(c.X)/buckets
		low, high := from, from
		for i := from; i < to; i++ {
			if c.Y[i] < c.Y[low] {
				low = i
			}
			if c.Y[i] > c.Y[high] {
				high = i
			}
		}
		keep[low], keep[high] = true, true
	}
	indices := make([]int, 0, len(keep))
	for i := range keep {
		indices = append(indices, i)
	}
	sort.Ints(indices)
	for _, i := range indices {
		for _, part := range []struct {
			from []float64
			to   *[]float64
		}{{c.X, &out.X}, {c.Epochs, &out.Epochs}, {c.Seconds, &out.Seconds}, {c.Y, &out.Y}, {c.Low, &out.Low}, {c.High, &out.High}} {
			if part.from != nil {
				*part.to = append(*part.to, part.from[i])
			}
		}
	}
	return out
}

// wide reports whether the values span more than a power of ten above 0, and are better seen on a logarithmic axis.
func (c *chart) wide() bool {
	least, most := math.Inf(1), 0.0
	for _, curve := range c.Curves {
		for _, y := range curve.Y {
			least, most = min(least, y), max(most, y)
		}
	}
	return least > 0 && most > 10*least
}

// short is a number as the page's data have it: six digits.
type short float64

func (x short) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(x), 'g', 6, 64), nil
}

// shorts are nil where there are no numbers, so that JSON leaves them out.
func shorts(xs []float64) []short {
	if len(xs) == 0 {
		return nil
	}
	out := make([]short, len(xs))
	for i, x := range xs {
		out[i] = short(x)
	}
	return out
}

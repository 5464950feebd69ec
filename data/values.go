package data

import (
	"fmt"
	"iter"
	"math"
	"slices"
)

// Values are the numbers of inputs in the precision that their source has, bytes, float32 or float64, and what becomes of them when
// they are read: x = (stored/scale − mean)/std, worked out in float64 and rounded once, to the type asked for. The zero Values are
// empty.
type Values struct {
	bytes   []byte
	singles []float32
	doubles []float64
	affine  *affine // nil: as stored
}

// affine is a scale, and a normalization by groups: runs of elements that have a mean and a standard deviation in common follow each
// other, and begin again after the last.
type affine struct {
	scale     float64
	mean, std []float64
	run       int // elements of a group
}

// Number is a type that Values are stored in.
type Number interface{ byte | float32 | float64 }

// Float is a type that Values are read in.
type Float interface{ float32 | float64 }

// ValuesOf are the numbers of v, whose memory they share.
func ValuesOf[T Number](v []T) Values {
	switch v := any(v).(type) {
	case []byte:
		return Values{bytes: v}
	case []float32:
		return Values{singles: v}
	}
	return Values{doubles: any(v).([]float64)}
}

// Len is how many there are.
func (v Values) Len() int { return len(v.bytes) + len(v.singles) + len(v.doubles) }

// At is number i.
func (v Values) At(i int) float64 {
	var x [1]float64
	read(v, i, x[:])
	return x[0]
}

// Float64s is a copy of all.
func (v Values) Float64s() []float64 {
	x := make([]float64, v.Len())
	read(v, 0, x)
	return x
}

// read copies the numbers from place from on.
func read[T Float](v Values, from int, dst []T) {
	to := from + len(dst)
	switch {
	case len(v.bytes) > 0:
		convert(dst, v.bytes[from:to], from, v.affine)
	case len(v.singles) > 0:
		convert(dst, v.singles[from:to], from, v.affine)
	default:
		convert(dst, v.doubles[from:to], from, v.affine)
	}
}

// convert reads numbers that are stored from place at on.
func convert[T Float, S Number](dst []T, src []S, at int, a *affine) {
	switch {
	case a == nil:
		for i, x := range src {
			dst[i] = T(x)
		}
		return
	case a.run == 0:
		for i, x := range src {
			dst[i] = T(float64(x) / a.scale)
		}
		return
	}
	for i := 0; i < len(src); {
		group, end := (at+i)/a.run%len(a.mean), min(i+a.run-(at+i)%a.run, len(src))
		for mean, std := a.mean[group], a.std[group]; i < end; i++ {
			dst[i] = T((float64(src[i])/a.scale - mean) / std)
		}
	}
}

// scaled divides by scale what has no scale yet.
func (v Values) scaled(scale float64) Values {
	if scale != 1 {
		v.affine = &affine{scale: scale}
	}
	return v
}

// normalized subtracts mean and divides by std, which are those of groups of run elements.
func (v Values) normalized(mean, std []float64, run int) Values {
	a := affine{1, mean, std, run}
	if v.affine != nil {
		a.scale = v.affine.scale
	}
	v.affine = &a
	return v
}

// stored does the same to whichever slice holds the numbers.
func (v Values) stored(bytes func([]byte) []byte, singles func([]float32) []float32, doubles func([]float64) []float64) Values {
	return Values{bytes(v.bytes), singles(v.singles), doubles(v.doubles), v.affine}
}

// slice is the numbers [from, to), which are whole examples, in the same memory.
func (v Values) slice(from, to int) Values {
	return v.stored(cut[byte](from, to), cut[float32](from, to), cut[float64](from, to))
}

func cut[T any](from, to int) func([]T) []T {
	return func(x []T) []T {
		if x == nil {
			return nil
		}
		return x[from:to:to]
	}
}

// rows is a copy of the given examples of n numbers each.
func (v Values) rows(indices []int, size int) Values {
	return v.stored(pick[byte](indices, size), pick[float32](indices, size), pick[float64](indices, size))
}

func pick[T any](indices []int, size int) func([]T) []T {
	return func(x []T) []T {
		if x == nil {
			return nil
		}
		out := make([]T, 0, len(indices)*size)
		for _, i := range indices {
			out = append(out, x[i*size:(i+1)*size]...)
		}
		return out
	}
}

// concat is the numbers of v and then those of w, in the precision of both where they are stored alike.
func (v Values) concat(w Values) Values {
	if v.affine.equal(w.affine) && (v.bytes == nil) == (w.bytes == nil) && (v.singles == nil) == (w.singles == nil) {
		return Values{slices.Concat(v.bytes, w.bytes), slices.Concat(v.singles, w.singles), slices.Concat(v.doubles, w.doubles), v.affine}
	}
	return ValuesOf(slices.Concat(v.Float64s(), w.Float64s()))
}

// equal tells whether a and b do the same.
func (a *affine) equal(b *affine) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.scale == b.scale && a.run == b.run && slices.Equal(a.mean, b.mean) && slices.Equal(a.std, b.std)
}

// all is every number in turn, and its place.
func (v Values) all() iter.Seq2[int, float64] { return v.runs(0, max(v.Len(), 1), max(v.Len(), 1)) }

// runs is the numbers at the places [start, start+run), and at those stride further on again and again.
func (v Values) runs(start, run, stride int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		buffer := make([]float64, min(run, 1<<12))
		for from := start; from < v.Len(); from += stride {
			for at := from; at < from+run; {
				piece := buffer[:min(len(buffer), from+run-at)]
				if at+len(piece) > v.Len() {
					return
				}
				read(v, at, piece)
				for i, x := range piece {
					if !yield(at+i, x) {
						return
					}
				}
				at += len(piece)
			}
		}
	}
}

// tooLarge finds the first number that is none in the type T.
func tooLarge[T Float](x []T) (at int, found bool) {
	for i, v := range x {
		if v-v != 0 { // an infinity or NaN
			return i, true
		}
	}
	return 0, false
}

// unfit is the error of a number that does not fit the type it was to be read in.
func (s Set) unfit(kind string, example int, x float64) error {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return fmt.Errorf("%s: the %s of example %d holds %v: remove or repair it", s.Name, kind, example, x)
	}
	return fmt.Errorf("%s: the %s of example %d holds %v, which float32 cannot: compute in float64, or scale the data", s.Name, kind, example, x)
}

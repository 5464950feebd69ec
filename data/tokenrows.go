package data

import (
	"errors"
	"fmt"
	"math"
)

// tokenWindows are examples of a long sequence on disk: context tokens each, with the ones that follow them as labels.
type tokenWindows struct {
	*diskNumbers
	first           int // token of the first example
	n               int
	context, stride int
}

func (t tokenWindows) Len() int { return t.n }

func (t tokenWindows) ReadRow(i int, x, y []float64) error {
	tokens := make([]float64, t.context+1)
	if err := t.read(t.first+i*t.stride, tokens); err != nil {
		return err
	}
	copy(x, tokens)
	copy(y, tokens[1:])
	return nil
}

func (t tokenWindows) Identity() string {
	return fmt.Sprint(t.first, t.n, t.context, t.stride, t.identity)
}

// streamTokens makes examples of a long sequence that stays on disk; nil where it is short enough for memory, or of rows.
func (r *request) streamTokens(path string, tokens int) (*Split, error) {
	h, d, err := openNPYNumbers(path)
	if err != nil {
		return nil, err
	}
	if h.kind == 'f' || len(h.shape) != 1 {
		return nil, fmt.Errorf("numbers of kind %c and shape %v are not read from disk: want one sequence of integers [T], or stream=off", h.kind, h.shape)
	}
	largest := -1
	if tokens == 0 {
		err := d.each(func(from int, values []float64) error {
			for i, v := range values {
				if !(v >= 0 && v < maxTokens && v == math.Trunc(v)) {
					return fmt.Errorf("token %d is %v, want a whole number from 0 to %d", from+i, v, maxTokens-1)
				}
				largest = max(largest, int(v))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if largest >= max(1<<20, d.count) {
			return nil, fmt.Errorf("the largest of %d tokens is %d: if that is right, say how many there are with tokens=N", d.count, largest)
		}
		tokens = largest + 1
	}
	if d.count == 0 {
		return nil, errors.New("there are no tokens")
	}
	return r.partition(d.count, "tokens", func(from, to, context, stride int) (Set, error) {
		s := Set{Name: r.form(), Shape: []int{context}, Tokens: tokens, Classes: tokens, Positions: context}
		n := windowsIn(to-from, context, stride)
		if n > math.MaxInt32 {
			return Set{}, fmt.Errorf("%d examples are more than %d: raise stride=", n, math.MaxInt32)
		}
		if n > 0 {
			s.Rows = tokenWindows{d, from, n, context, stride}
		}
		return s, nil
	})
}

package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// tokenRun is a long sequence of tokens on disk.
type tokenRun interface {
	// next fills x with the tokens from a place on, and y, as long, with those that follow each.
	next(from int, x, y []float64) error
	// identify is what tells the sequence from others.
	identify() string
}

// tokenWindows are examples of a long sequence on disk: context tokens each, with the ones that follow them as labels.
type tokenWindows struct {
	tokenRun
	first           int // token of the first example
	n               int
	context, stride int
}

func (t tokenWindows) Len() int { return t.n }

func (t tokenWindows) ReadRow(i int, x, y []float64) error {
	from := t.first + i*t.stride
	if err := t.next(from, x, y); err != nil {
		return err
	}
	return checkWindow(from, x, y, false)
}

// next fills x with the tokens from a place on, and y with those that follow each.
func (d *diskNumbers) next(from int, x, y []float64) error {
	if err := d.read(from, x[:1], y); err != nil {
		return err
	}
	copy(x[1:], y)
	return nil
}

// checkWindow is checkTokens of x[0] and all of y.
func checkWindow(from int, x, y []float64, gaps bool) error {
	if err := checkTokens(from, x[:1], gaps); err != nil {
		return err
	}
	return checkTokens(from+1, y, gaps)
}

func (t tokenWindows) Identity() string {
	return fmt.Sprint(t.first, t.n, t.context, t.stride, t.identify())
}

// tokenRows are the rows of an array [N,length] on disk, in which each token predicts the next.
type tokenRows struct {
	*diskNumbers
	n, length int
}

func (t tokenRows) Len() int { return t.n }

func (t tokenRows) ReadRow(i int, x, y []float64) error {
	from := i * t.length
	if err := t.next(from, x, y); err != nil {
		return err
	}
	err := checkWindow(from, x, y, true)
	if err == nil {
		err = endsOnce(x[0], y)
	}
	if err != nil {
		return err
	}
	for k := range x {
		x[k] = max(x[k], 0) // behind the end of a row, where no label follows, any token will do
	}
	return nil
}

func (t tokenRows) Identity() string { return fmt.Sprint(t.n, t.length, t.identity) }

// endsOnce checks that behind the first NoLabel of a row nothing else comes, and that there is a token to predict.
func endsOnce[T int32 | float64](first T, rest []T) error {
	end := slices.Index(rest, NoLabel)
	if first == NoLabel {
		end = 0
	}
	if end >= 0 && slices.ContainsFunc(rest[end:], func(id T) bool { return id != NoLabel }) {
		return fmt.Errorf("has tokens behind %d, which ends a row", NoLabel)
	}
	if end == 0 {
		return errors.New("has no target: leave it out")
	}
	return nil
}

// streamTokens makes examples of tokens that stay on disk.
func (r *request) streamTokens(path string, tokens int) (*Split, error) {
	h, d, err := openNPYNumbers(path)
	if err != nil {
		return nil, err
	}
	rows := len(h.shape) == 2
	if err := checkTokenArray(h); err != nil {
		return nil, err
	}
	if d.count == 0 {
		return nil, errors.New("there are no tokens")
	}
	if tokens == 0 {
		if tokens, err = d.countTokens(rows); err != nil {
			return nil, err
		}
	}
	if rows {
		s, err := r.tokenRowSet(h.shape, tokens)
		s.Rows = tokenRows{d, h.shape[0], h.shape[1]}
		return &Split{Train: s, Test: s.empty()}, err
	}
	return r.windowsOnDisk(d, d.count, tokens, "tokens")
}

// windowsOnDisk is windows of a run of some length that stays on disk.
func (r *request) windowsOnDisk(run tokenRun, length, tokens int, unit string) (*Split, error) {
	return r.partition(length, unit, func(from, to, context, stride int) (Set, error) {
		s := Set{Name: r.form(), Shape: []int{context}, Tokens: tokens, Classes: tokens, Positions: context}
		n := windowsIn(to-from, context, stride)
		if n > math.MaxInt32 {
			return Set{}, fmt.Errorf("%d examples are more than %d: raise stride=", n, math.MaxInt32)
		}
		if n > 0 {
			s.Rows = tokenWindows{run, from, n, context, stride}
		}
		return s, nil
	})
}

// countTokens looks at all tokens and is one more than the largest. Those that are missing are allowed where the array has rows.
func (d *diskNumbers) countTokens(gaps bool) (int, error) {
	largest := -1.
	err := d.each(func(from int, values []float64) error {
		largest = max(largest, slices.Max(values))
		return checkTokens(from, values, gaps)
	})
	if err != nil {
		return 0, err
	}
	return tokensBelow(int(largest), d.count)
}

// checkTokens refuses numbers, from a place of an array on, that are no tokens.
func checkTokens(from int, values []float64, gaps bool) error {
	for i, v := range values {
		if !(v >= 0 && v < maxTokens && v == math.Trunc(v)) && !(gaps && v == NoLabel) {
			return fmt.Errorf("token %d is %s, want a whole number from 0 to %d", from+i, digits(v), maxTokens-1)
		}
	}
	return nil
}

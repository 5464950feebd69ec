package data

import (
	"errors"
	"fmt"
	"iter"
	"math"
)

// maxTokens bounds ids of tokens, which float64 and int32 hold exactly.
const maxTokens = 1 << 30

// contextOptions are the options of sources of long runs of tokens.
func contextOptions() []Option {
	return []Option{
		{"context", "64", "number of tokens in an example"},
		{"stride", "context", "distance between the starts of neighbouring examples"},
	}
}

// windows cuts a run of tokens into a training part, a validation part where valid= asks for one, and a test part, its last tenth, and
// those into examples. No token is in two parts, which examples drawn at random would not keep to where they overlap.
func (r *request) windows(run []int32, tokens int, unit string) (*Split, error) {
	return r.partition(len(run), unit, func(from, to, context, stride int) (Set, error) {
		return r.window(run[from:to], tokens, context, stride)
	})
}

// partition cuts the places of a run of tokens into parts, of which window makes examples.
func (r *request) partition(length int, unit string, window func(from, to, context, stride int) (Set, error)) (*Split, error) {
	context := r.count("context", 64, 1, maxWidth)
	stride := r.count("stride", context, 1, maxWidth)
	if r.err != nil {
		return nil, r.err
	}
	train := length - (length+9)/10
	valid := int(math.Round(r.valid * float64(train)))
	if r.valid >= 1 {
		valid = int(r.valid-1)*stride + context + 1
	}
	r.valid = 0
	if valid > 0 && valid >= train {
		return nil, fmt.Errorf("valid=%s: there are only %d %s to train with", r.Options["valid"], train, unit)
	}
	var split Split
	var err error
	for _, part := range []struct {
		set      *Set
		from, to int
	}{{&split.Train, 0, train - valid}, {&split.Valid, train - valid, train}, {&split.Test, train, length}} {
		if *part.set, err = window(part.from, part.to, context, stride); err != nil {
			return nil, err
		}
		if unasked := part.set == &split.Test && r.test == 0 || part.set == &split.Valid && valid == 0; part.set.Len() == 0 && !unasked {
			return nil, fmt.Errorf("%d %s are too few for a context of %d in every part: lower context=", length, unit, context)
		}
	}
	return &split, nil
}

// window makes examples of a run: context tokens each, with the ones that follow them as labels.
func (r *request) window(run []int32, tokens, context, stride int) (Set, error) {
	s := Set{Name: r.form(), Shape: []int{context}, Tokens: tokens, Classes: tokens, Positions: context}
	n := windowsIn(len(run), context, stride)
	if n > maxElements/context {
		return Set{}, fmt.Errorf("%d examples of %d tokens are more than %d: raise stride=", n, context, maxElements)
	}
	s.Labels = make([]int32, 0, n*context)
	for i := range n {
		s.Labels = append(s.Labels, run[i*stride+1:i*stride+context+1]...)
	}
	s.X = tokenValues(n*context, tokens, func(yield func([]int32) bool) {
		for i := 0; i < n && yield(run[i*stride:i*stride+context]); i++ {
		}
	})
	return s, nil
}

// windowsIn is how many examples a run has.
func windowsIn(length, context, stride int) int {
	if length <= context {
		return 0
	}
	return (length-1-context)/stride + 1
}

// tokenValues stores count ids, which come in pieces, in the narrowest type that holds all below tokens.
func tokenValues(count, tokens int, pieces iter.Seq[[]int32]) Values {
	switch {
	case tokens <= 1<<8:
		return ValuesOf(converted[byte](count, pieces))
	case tokens <= 1<<24:
		return ValuesOf(converted[float32](count, pieces))
	}
	return ValuesOf(converted[float64](count, pieces))
}

func converted[T Number](count int, pieces iter.Seq[[]int32]) []T {
	out := make([]T, 0, count)
	for ids := range pieces {
		for _, id := range ids {
			out = append(out, T(id))
		}
	}
	return out
}

// tokenIDs checks that all values are ids, or NoLabel where that is allowed, and returns them with how many different ones there may
// be: tokens, or one more than the largest where that is 0.
func tokenIDs(values Values, tokens int, gaps bool) ([]int32, int, error) {
	bound, largest := tokens, -1
	if tokens == 0 {
		bound = maxTokens
	}
	ids := make([]int32, values.Len())
	for i, v := range values.all() {
		if gaps && v == NoLabel {
			ids[i] = NoLabel
			continue
		}
		if !(v >= 0 && v < float64(bound) && v == math.Trunc(v)) {
			return nil, 0, fmt.Errorf("token %d is %s, want a whole number from 0 to %d", i, digits(v), bound-1)
		}
		ids[i] = int32(v)
		largest = max(largest, int(v))
	}
	if tokens > 0 {
		return ids, tokens, nil
	}
	tokens, err := tokensBelow(largest, len(ids))
	return ids, tokens, err
}

// tokensBelow is how many different tokens there are, one more than the largest of count.
func tokensBelow(largest, count int) (int, error) {
	if largest >= max(1<<20, count) {
		return 0, fmt.Errorf("the largest of %d tokens is %d: if that is right, say how many there are with tokens=N", count, largest)
	}
	if largest < 0 {
		return 0, errors.New("there are no tokens")
	}
	return largest + 1, nil
}

package data

import (
	"fmt"
	"math"
	"slices"
)

func tokensSource() Source {
	return Source{
		Name: "tokens", Path: "FILE.npy",
		About: "token ids (integers): [N,T], in whose rows each token predicts the next and −100 means no target; or one long sequence [T], cut up like a text",
		Options: append(contextOptions(),
			Option{"tokens", "largest + 1", "number of different tokens"}, streamOption()),
		load: loadTokens,
	}
}

func loadTokens(r *request) (*Split, error) {
	tokens := r.count("tokens", 0, 1, maxTokens)
	if r.err != nil {
		return nil, r.err
	}
	path, streamed, err := r.streamed(r.Path)
	if err != nil {
		return nil, err
	}
	if streamed {
		if split, err := r.streamTokens(path, tokens); !r.fallsBack(err) {
			return split, err
		}
	}
	h, values, err := npyFile(r.dir, r.Path)
	if err != nil {
		return nil, err
	}
	split, err := r.fromTokens(h, values, tokens)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.Path, err)
	}
	return split, nil
}

// fromTokens makes examples of an array.
func (r *request) fromTokens(h npyHeader, values Values, tokens int) (*Split, error) {
	if err := checkTokenArray(h); err != nil {
		return nil, err
	}
	ids, tokens, err := tokenIDs(values, tokens, len(h.shape) == 2)
	if err != nil {
		return nil, err
	}
	if len(h.shape) == 1 {
		return r.windows(ids, tokens, "tokens")
	}
	s, err := r.tokenRowSet(h.shape, tokens)
	if err != nil {
		return nil, err
	}
	n, length := h.shape[0], h.shape[1]
	x := make([]int32, 0, n*(length-1))
	for i := range n {
		row := ids[i*length : (i+1)*length]
		if err := endsOnce(row[0], row[1:]); err != nil {
			return nil, fmt.Errorf("row %d %w", i, err)
		}
		x, s.Labels = append(x, row[:length-1]...), append(s.Labels, row[1:]...)
	}
	for i, id := range x {
		x[i] = max(id, 0) // behind the end of a row, where no label follows, any token will do
	}
	s.X = tokenValues(len(x), tokens, slices.Values([][]int32{x}))
	return &Split{Train: s, Test: s.empty()}, nil
}

// checkTokenArray checks the type and the shape of an array of tokens.
func checkTokenArray(h npyHeader) error {
	if h.kind == 'f' || len(h.shape) < 1 || len(h.shape) > 2 {
		return fmt.Errorf("numbers of kind %c and shape %v: want integers [N,T] or one run [T]", h.kind, h.shape)
	}
	return nil
}

// tokenRowSet is a set, still empty, of examples of which an array [N,T] has a row each.
func (r *request) tokenRowSet(shape []int, tokens int) (Set, error) {
	for _, key := range []string{"context", "stride"} {
		if value, given := r.Options[key]; given {
			return Set{}, fmt.Errorf("%s=%s is for one long run, and this is an array of shape %v", key, value, shape)
		}
	}
	if shape[1] < 2 {
		return Set{}, fmt.Errorf("shape %v: want rows of 2 tokens or more, of which each predicts the next", shape)
	}
	if shape[0] > math.MaxInt32 {
		return Set{}, fmt.Errorf("%d examples are more than %d", shape[0], math.MaxInt32)
	}
	width := shape[1] - 1
	return Set{Name: r.form(), Shape: []int{width}, Tokens: tokens, Classes: tokens, Positions: width}, nil
}

// checkLabels refuses an example that has no label at any position.
func (s Set) checkLabels() error {
	for i := range s.Len() {
		any := false
		for _, class := range s.Labels[i*s.Targets() : (i+1)*s.Targets()] {
			any = any || class != NoLabel
		}
		if !any {
			return fmt.Errorf("example %d has no target: leave it out", i)
		}
	}
	return nil
}

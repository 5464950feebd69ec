package study

import (
	"errors"

	"drift/data"
	"drift/data/random"
)

// HoldOut is a data set to tune on, whose validation part takes the place of the test part, which nobody looks at. Where it has no
// validation part, that is a fifth of the training examples, drawn by the seed.
func HoldOut(split *data.Split, seed uint64) (*data.Split, error) {
	if split.Valid.Len() > 0 {
		return &data.Split{Train: split.Train, Test: split.Valid}, nil
	}
	n := split.Train.Len()
	if n < 10 {
		return nil, errors.New("tuning holds out a fifth of the training examples, and takes at least 10: give more data")
	}
	order := random.New(seed, "hold out for tuning").Perm(n)
	return &data.Split{Train: split.Train.Select(order[n/5:]), Test: split.Train.Select(order[:n/5])}, nil
}

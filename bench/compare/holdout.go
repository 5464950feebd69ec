package compare

import (
	"errors"

	"drift/data"
	"drift/data/random"
)

// HoldOut is a data set to tune on: a fifth of the training examples, drawn by the seed, in place of the test part, which nobody
// looks at.
func HoldOut(split *data.Split, seed uint64) (*data.Split, error) {
	n := split.Train.Len()
	if n < 10 {
		return nil, errors.New("tuning holds out a fifth of the training examples, and takes at least 10: give more data")
	}
	order := random.New(seed, "hold out for tuning").Perm(n)
	return &data.Split{Train: split.Train.Select(order[n/5:]), Test: split.Train.Select(order[:n/5])}, nil
}

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
	out, err := heldOut(split)
	if err != nil {
		return nil, err
	}
	order := random.New(seed, "hold out for tuning").Perm(split.Train.Len())
	return &data.Split{Train: split.Train.Select(order[out:]), Test: split.Train.Select(order[:out])}, nil
}

// heldOut is how many training examples HoldOut takes away.
func heldOut(split *data.Split) (int, error) {
	n := split.Train.Len()
	switch {
	case split.Valid.Len() > 0:
		return 0, nil
	case n < 10:
		return 0, errors.New("tuning holds out a fifth of the training examples, and takes at least 10: give more data")
	}
	return n / 5, nil
}

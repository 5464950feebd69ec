package data

// exampleFunc writes one example into x and y from the numbers of random alone.
type exampleFunc func(random *stream, x, y []float32)

// generate makes as many examples as asked for, or else so many for training and testing, like the given empty set. Example i
// of a part is a function of the seed, the part and i.
func (r *request) generate(train, test int, like Set, makeExample exampleFunc) (*Split, error) {
	if r.train >= 0 {
		train = r.train
	}
	if r.test >= 0 {
		test = r.test
	}
	if r.err != nil {
		return nil, r.err
	}
	var split Split
	var err error
	if split.Train, err = r.part("train", train, like, makeExample); err != nil {
		return nil, err
	}
	split.Test, err = r.part("test", test, like, makeExample)
	return &split, err
}

func (r *request) part(name string, n int, like Set, makeExample exampleFunc) (Set, error) {
	s, err := newSet(like.Name, like.Shape, like.Classes, like.Outputs, n)
	if err != nil {
		return Set{}, err
	}
	random := newStream(r.seed, like.Name+" "+name)
	for i := range n {
		x, y := s.Example(i)
		makeExample(random.at(uint64(i)), x, y)
	}
	return s, nil
}

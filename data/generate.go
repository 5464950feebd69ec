package data

import (
	"fmt"

	"drift/data/random"
)

// exampleFunc writes one example into x and y from the numbers of random alone.
type exampleFunc func(random *random.Stream, x, y []float32)

// generate makes the numbers of examples that the spec asks for, by default train and test, shaped like the given empty set. Example i
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
	s, size := like, like.Size()
	if elements := float64(n) * float64(size+s.Targets()); elements > maxElements {
		return Set{}, fmt.Errorf("%d examples need %.3g bytes, more than %d: ask for fewer", n, 4*elements, 4*maxElements)
	}
	x, y := make([]float32, n*size), make([]float32, s.Targets())
	random := random.New(r.seed, like.Name+" "+name)
	for i := range n {
		makeExample(random.At(uint64(i)), x[i*size:(i+1)*size], y)
		if s.Classes > 0 {
			s.Labels = append(s.Labels, int32(y[0]))
			continue
		}
		for _, v := range y {
			s.Y = append(s.Y, float64(v))
		}
	}
	s.X = ValuesOf(x)
	return s, nil
}

package data

import (
	"math"

	"drift/data/random"
)

func gaussianSource() Source {
	return Source{
		Name:  "gaussian",
		About: "linear regression y = w*·x + ε with x ~ N(0, I), ε ~ N(0, noise²) and a random direction w*",
		Options: []Option{
			{"train", "1000", "number of training examples"},
			{"test", "1000", "number of test examples"},
			{"dim", "20", "dimension of x"},
			{"noise", "0.5", "standard deviation of ε"},
			{"signal", "1", "length of w*; with 0 it is the zero vector"},
		},
		load: loadGaussian,
	}
}

func loadGaussian(r *request) (*Split, error) {
	dim := r.count("dim", 20, 1, maxWidth)
	noise, signal := r.number("noise", 0.5, 0, math.MaxFloat32), r.number("signal", 1, 0, math.MaxFloat32)
	weights := direction(random.New(r.seed, "gaussian weights"), dim, signal)
	like := Set{Name: r.Name, Shape: []int{dim}, Outputs: 1}
	split, err := r.generate(1000, 1000, like, func(random *random.Stream, x, y []float32) {
		target := 0.0
		for i := range x {
			x[i] = float32(random.NormFloat64())
			target += float64(weights[i]) * float64(x[i])
		}
		y[0] = float32(target + noise*random.NormFloat64())
	})
	if err != nil {
		return nil, err
	}
	split.Weights = weights
	return split, nil
}

// direction returns a vector of the given length that points anywhere with equal probability.
func direction(random *random.Stream, dim int, length float64) []float32 {
	v, squares := make([]float64, dim), 0.0
	for i := range v {
		v[i] = random.NormFloat64()
		squares += v[i] * v[i]
	}
	w := make([]float32, dim)
	for i := range w {
		w[i] = float32(v[i] * length / math.Sqrt(squares))
	}
	return w
}

package data

import (
	"fmt"
	"math"

	"drift/data/random"
)

func teacherSource() Source {
	return Source{
		Name:  "teacher",
		About: "Gaussian inputs labelled by a random network with one hidden tanh layer",
		Options: []Option{
			{"train", "1000", "number of training examples"},
			{"test", "1000", "number of test examples"},
			{"dim", "20", "dimension of x"},
			{"hidden", "50", "hidden units of the teacher"},
			{"classes", "10", "number of classes; 0 makes a regression of the teacher's outputs"},
			{"outputs", "1", "number of targets of a regression"},
			{"noise", "0", "standard deviation of the noise added to each output, before the largest gives the class"},
		},
		load: loadTeacher,
	}
}

func loadTeacher(r *request) (*Split, error) {
	dim, hidden := r.count("dim", 20, 1, maxWidth), r.count("hidden", 50, 1, maxWidth)
	classes, outputs := r.count("classes", 10, 0, maxWidth), r.count("outputs", 1, 1, maxWidth)
	noise := r.number("noise", 0, 0, math.MaxFloat32)
	if r.err != nil {
		return nil, r.err
	}
	if classes > 0 && outputs > 1 {
		return nil, fmt.Errorf("outputs=%d are targets of a regression, which classes=0 makes", outputs)
	}
	if classes > 0 {
		outputs = 0
	}
	if n := float64(hidden) * float64(dim+max(classes, outputs)); n > maxElements {
		return nil, fmt.Errorf("the teacher would have %.3g weights, more than %d: lower hidden, dim or classes", n, maxElements)
	}
	like := Set{Name: r.Name, Shape: []int{dim}, Classes: classes, Outputs: outputs}
	net := newTeacher(random.New(r.seed, "teacher weights"), dim, hidden, max(classes, outputs))
	return r.generate(1000, 1000, like, func(random *random.Stream, x, y []float32) {
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		out := net.outputs(x)
		for i := range out {
			out[i] += noise * random.NormFloat64()
		}
		if classes > 0 {
			y[0] = float32(argmax(out))
			return
		}
		for i, v := range out {
			y[i] = float32(v)
		}
	})
}

// teacher is the network V tanh(W x), with W [hidden,dim] and V [outputs,hidden] normal. W has the standard deviation
// 2/√dim, which takes most units well into their nonlinear range, and V 1/√hidden.
type teacher struct {
	w, v    []float64
	h, z    []float64 // activations of the last example
	columns int       // dim
}

func newTeacher(random *random.Stream, dim, hidden, outputs int) *teacher {
	t := &teacher{
		w: make([]float64, hidden*dim), v: make([]float64, outputs*hidden),
		h: make([]float64, hidden), z: make([]float64, outputs), columns: dim,
	}
	for i := range t.w {
		t.w[i] = 2 * random.NormFloat64() / math.Sqrt(float64(dim))
	}
	for i := range t.v {
		t.v[i] = random.NormFloat64() / math.Sqrt(float64(hidden))
	}
	return t
}

// outputs returns the teacher's outputs for x, valid until the next call.
func (t *teacher) outputs(x []float32) []float64 {
	for j := range t.h {
		sum := 0.0
		for i, w := range t.w[j*t.columns : (j+1)*t.columns] {
			sum += w * float64(x[i])
		}
		t.h[j] = math.Tanh(sum)
	}
	for k := range t.z {
		sum := 0.0
		for j, v := range t.v[k*len(t.h) : (k+1)*len(t.h)] {
			sum += v * t.h[j]
		}
		t.z[k] = sum
	}
	return t.z
}

// argmax is the index of the first largest element.
func argmax(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

package objective_test

import (
	"slices"
	"strings"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// Data reach the device in the precision of the objective, however many they are: a weight of 1 predicts each target exactly.
func TestDataKeepTheirPrecisionOnTheDevice(t *testing.T) {
	const n, width, begin = 300001, 4, 1.7e9 + 0.125
	x, y := make([]float64, n*width), make([]float64, n)
	for i := range n {
		y[i] = begin + float64(i)
		x[i*width] = y[i]
	}
	set := data.Set{Name: "times", Shape: []int{width}, Outputs: 1, X: data.ValuesOf(x), Y: y}
	m, err := nn.Parse(`{"layers": [{"linear": {"out": 1, "bias": false}}]}`, set.Shape, 1, nn.MSE{})
	must(t, err)
	f, err := New(devicetest.Open(1), m, &data.Split{Train: set}, Options{DType: kernels.Float64})
	must(t, err)
	defer f.Close()
	must(t, f.Parameters().Write([]float64{1, 0, 0, 0}))
	for _, examples := range [][]int{f.All(Train), {0}, {n - 1}, {1 << 18}} {
		if v, err := f.Evaluate(examples); err != nil || v.Loss != 0 {
			t.Errorf("loss %v of %d examples, error %v", v.Loss, len(examples), err)
		}
	}
	must(t, f.Parameters().Write([]float64{0, 0, 0, 0}))
	if v, err := f.Evaluate([]int{n - 1}); err != nil || v.Loss != y[n-1]*y[n-1] {
		t.Errorf("loss %v, error %v", v.Loss, err)
	}
}

func TestNumbersBeyondTheTypeAreRefused(t *testing.T) {
	set := data.Set{Name: "huge", Shape: []int{1}, Outputs: 1, X: data.ValuesOf([]float64{1, 1e99}), Y: []float64{0, 1}}
	m, err := nn.Parse("linear", set.Shape, 1, nn.MSE{})
	must(t, err)
	_, err = New(devicetest.Open(1), m, &data.Split{Train: set}, Options{DType: kernels.Float32})
	if err == nil || !strings.Contains(err.Error(), "example 1 holds 1e+99, which float32 cannot") {
		t.Errorf("error %v", err)
	}
}

// wide is a model of tokens of which there are very many: it looks at their numbers.
type wide struct{ bilinear }

const manyTokens = 1 << 30

func (m wide) Inputs() []Input {
	return []Input{{Name: "weight", Shape: []int{1}}, {Name: "ids", Shape: []int{2}, Index: manyTokens}}
}
func (m wide) Target() Input { return Input{Name: "class", Shape: []int{2}, Index: manyTokens} }
func (m wide) Build(n Net) *graph.Node {
	return graph.Linear(graph.Concat(1, graph.Scale(n.Inputs[1], 1e-9), graph.Scale(n.Inputs[1], 1e-9)), n.Params[0])
}
func (m wide) Losses(outputs, _ *graph.Node) *graph.Node {
	return graph.Sum(graph.Square(outputs), 1)
}

// Ids of tokens and classes reach the device as they are, in float32 too, which holds only the even ones beyond 2²⁴.
func TestIDsReachTheDeviceExactly(t *testing.T) {
	x := []float64{0.5, 1<<25 + 1, 7, 2, manyTokens - 1, 1<<24 + 1}
	labels := []int32{1<<25 + 3, data.NoLabel, 0, manyTokens - 1}
	set := data.Set{Name: "tokens", Shape: []int{3}, Classes: manyTokens, Positions: 2, X: data.ValuesOf(x), Labels: labels}
	for _, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
		f, err := New(devicetest.Open(1), wide{newBilinear()}, &data.Split{Train: set, Test: set.Slice(1, 2)}, Options{DType: dtype})
		must(t, err)
		ids, classes, err := f.IDs(1)
		if want := []int32{1<<25 + 1, 7, manyTokens - 1, 1<<24 + 1, manyTokens - 1, 1<<24 + 1}; err != nil || !slices.Equal(ids, want) {
			t.Errorf("%v: ids %v, want %v, error %v", dtype, ids, want, err)
		}
		if want := slices.Concat(labels, labels[2:]); !slices.Equal(classes, want) {
			t.Errorf("%v: classes %v, want %v", dtype, classes, want)
		}
		if v, err := f.Evaluate(f.All(Train)); err != nil || !(v.Loss > 0) {
			t.Errorf("%v: loss %v, error %v", dtype, v.Loss, err)
		}
		f.Close()
	}
}

// A class that the model has no score for is refused, and one that stands for none where there is one an example.
func TestLabelsThatAreNoClassesAreRefused(t *testing.T) {
	for class, want := range map[int32]string{2: "", 3: "example 4 of sixes has class 3, the model takes 0 to 2", -100: "has class -100", -1: "has class -1"} {
		split := sixes()
		split.Train.Labels[4] = class
		f, err := New(devicetest.Open(1), newBilinear(), split, Options{})
		if err == nil {
			f.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("class %d: %v, want %q", class, err, want)
		}
	}
}

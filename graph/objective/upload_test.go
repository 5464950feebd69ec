package objective_test

import (
	"strings"
	"testing"

	"drift/data"
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

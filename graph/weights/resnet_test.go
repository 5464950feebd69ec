package weights_test

import (
	"math"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/graph/weights"
	"drift/kernels"
	"drift/kernels/cpu"
)

// testdata/make.py trained a narrow ResNet-18 with batch normalization in PyTorch, in torchvision's layout, and worked out in float64
// what follows from its weights in evaluation mode.
func TestAResNetOfTorchsHasItsOutputsAndStatistics(t *testing.T) {
	split, err := data.Load("npz:testdata/resnet.npz", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.Parse("resnet18,norm=frozen,width=2", split.Train.Shape, 10, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(cpu.Options{})
	defer dev.Close()
	f, err := objective.New(dev, model, split, objective.Options{DType: kernels.Float64, Chunk: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values, err := weights.Load("testdata/resnet.pth", objective.Tensors(model), kernels.Float64)
	if err == nil {
		err = f.SetValues(values)
	}
	if err != nil {
		t.Fatal(err)
	}
	size := f.NumParams()
	v := make([]float64, size)
	for i := range v {
		v[i] = math.Sin(float64(i))
	}
	m, err := sigma.Measure(f, f.All(objective.Train), sigma.Wanted{Along: v})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{"loss": {m.Loss}, "tr_sigma": {m.TraceSigma}}
	err = f.Outputs(f.All(objective.Train), func(_ int, rows []float64) error {
		got["outputs"] = append(got["outputs"], rows...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, vector := range m.Vectors {
		got[vector.Kind] = vector.Values
	}
	expected, at := layoutOf(map[string][]int{"outputs": {6, 10}, "loss": nil, "tr_sigma": nil, "grad": {size}, "grad_tr_sigma": {size}, "hvp": {size}, "sigma_vp": {size}})
	want, err := weights.Load("testdata/resnet_expected.pt", expected, kernels.Float64)
	if err != nil {
		t.Fatal(err)
	}
	for name, range_ := range at {
		want, largest, most := want[range_[0]:range_[1]], 0.0, 0.0
		for i, x := range want {
			largest, most = max(largest, math.Abs(x)), max(most, math.Abs(x-got[name][i]))
		}
		if len(got[name]) != len(want) || !(most <= 1e-10*largest) { // rounding of float64 over some 10⁴ terms
			t.Errorf("%s differs by %.3g of %.3g", name, most, largest)
		}
	}
}

// layoutOf is tensors of a file as parameters, with where each lies.
func layoutOf(shapes map[string][]int) (params []objective.Param, at map[string][2]int) {
	at, offset := map[string][2]int{}, 0
	for name, shape := range shapes {
		n := 1
		for _, d := range shape {
			n *= d
		}
		params = append(params, objective.Param{Name: name, Shape: shape, Offset: offset, Len: n})
		at[name] = [2]int{offset, offset + n}
		offset += n
	}
	return params, at
}

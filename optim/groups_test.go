package optim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
)

// alone is a convolution on one of two channels, the other one being black: in two groups of two outputs each, or without the black one and
// what is made of it. The layer behind it has the same weights for what is not black.
func alone(t *testing.T, groups, seen int) *objective.Objective {
	t.Helper()
	const n, side, kept = 12, 4, 2 * 3 * 3
	x, labels := make([]float64, n*groups*side*side), make([]int32, n)
	for i := range n {
		labels[i] = int32(i % 3)
		for p := range side * side {
			x[(i*groups+seen)*side*side+p] = math.Sin(0.7*float64(p) + 1.3*float64(i))
		}
	}
	shape := []int{groups, side, side}
	model, err := nn.Parse(fmt.Sprintf(`{"layers": [{"conv2d": {"out": %d, "kernel": 2, "groups": %d, "bias": false}}, "tanh", "flatten", {"linear": {"out": 3}}]}`,
		2*groups, groups), shape, 3, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	split := &data.Split{Train: data.Set{Name: "waves", Shape: shape, Classes: 3, X: data.ValuesOf(x), Labels: labels}}
	dev := devicetest.Open(1)
	f, err := objective.New(dev, model, split, objective.Options{DType: kernels.Float64, Chunk: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close(); dev.Close() })
	theta := make([]float64, f.NumParams())
	kernels, weights, biases := groupParts(theta, groups, seen)
	for k, part := range [][]*float64{kernels, weights, biases} {
		for i, at := range part {
			*at = 0.4 * math.Sin(float64(10*k+i)+1)
		}
	}
	if err := f.Parameters().Write(theta); err != nil {
		t.Fatal(err)
	}
	return f
}

// groupParts are the elements of θ that belong to the group which is not black.
func groupParts(theta []float64, groups, seen int) (kernels, weights, biases []*float64) {
	const kernel, maps = 2 * 2 * 2, 2 * 3 * 3
	for i := range kernel {
		kernels = append(kernels, &theta[seen*kernel+i])
	}
	for row := range 3 {
		for i := range maps {
			weights = append(weights, &theta[groups*kernel+(row*groups+seen)*maps+i])
		}
		biases = append(biases, &theta[groups*(kernel+3*maps)+row])
	}
	return kernels, weights, biases
}

// A group of a convolution has factors of its own: it goes where it goes without the other one, which sees nothing. The wide layer behind
// them has a diagonal, as its factors know how wide it is.
func TestGroupsHaveFactorsOfTheirOwn(t *testing.T) {
	kfac, ekfac := optim.DefaultKFAC, optim.DefaultEKFAC
	kfac.MaxSize, kfac.Refresh = 10, 3
	ekfac.Factors = kfac.Factors
	for name, o := range map[string]optim.Optimizer{"kfac": kfac, "ekfac": ekfac} {
		follow := func(groups, seen int) (path []float64) {
			f := alone(t, groups, seen)
			d, err := o.Direction(optim.Context{Objective: f, Seed: 1, Batch: 12})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			u, err := optim.NewUpdate(f.Device(), o.Transform(), f.Model.Params(), f.Parameters(), d.Vector())
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			for range 8 {
				if _, err := d.Compute(f.All(objective.Train), 0.05); err != nil {
					t.Fatal(err)
				}
				if err := u.Step(0.05); err != nil {
					t.Fatal(err)
				}
			}
			theta := make([]float64, f.NumParams())
			if err := f.Parameters().Read(theta); err != nil {
				t.Fatal(err)
			}
			kernels, weights, biases := groupParts(theta, groups, seen)
			for _, at := range slices.Concat(kernels, weights, biases) {
				path = append(path, *at)
			}
			return path
		}
		want := follow(1, 0)
		for seen := range 2 {
			for i, x := range follow(2, seen) {
				if !(math.Abs(x-want[i]) <= 1e-9) {
					t.Errorf("%s, group %d: element %d is %v, alone %v", name, seen, i, x, want[i])
				}
			}
		}
	}
}

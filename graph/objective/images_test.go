package objective_test

import (
	"slices"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// What training sees is the gradients, and their norms, of a set of the images as the epoch makes them, in any chunks; what
// evaluates sees the images themselves.
func TestTrainingSeesAugmentedImages(t *testing.T) {
	t.Run("numbers", func(t *testing.T) {
		split, err := data.Load("glyphs,train=20,test=6,size=8,augment=crop2+flip", data.Options{})
		must(t, err)
		seesAugmented(t, split)
	})
	t.Run("bytes", func(t *testing.T) { seesAugmented(t, coloured(t, 26, ",normalize=on,augment=crop2+flip")) })
	t.Run("bytes on disk", func(t *testing.T) {
		seesAugmented(t, coloured(t, 26, ",scale=255,normalize=on,augment=crop3+flip,stream=on"))
	})
}

func seesAugmented(t *testing.T, split *data.Split) {
	size := split.Train.Size()
	model, err := nn.Parse(`{"layers":[{"conv2d":{"out":3,"kernel":3}},"tanh","flatten",{"linear":{"out":10}}]}`, split.Train.Shape, 10, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	place := func(split *data.Split, dtype kernels.DType, chunk int) *Objective {
		f, err := New(devicetest.Open(2), model, split, Options{Chunk: chunk, DType: dtype})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f
	}
	// norms are the squared norms of the gradients of training and test examples, one after the other.
	norms := func(f *Objective) []float64 {
		var rows Rows
		p, err := f.Compile(26, func(b *Batch) { b.Rows(&rows, b.Here().PerExample().SquaredNorms()) }, nil)
		if err == nil {
			err = p.Run(append(f.All(Train), f.All(Test)...))
		}
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(rows.Values)
	}
	for _, dtype := range []kernels.DType{kernels.Float32, kernels.Float64} {
		f := place(split, dtype, 7)
		plain := *split
		plain.Train.Augment = data.Augmentation{}
		if !slices.Equal(norms(f), norms(place(&plain, dtype, 7))) {
			t.Errorf("%v: evaluation sees other images", dtype)
		}
		var seen [][]float64
		for _, epoch := range []int{0, 3} {
			made := make([]float64, 0, 20*size)
			from := data.NewAugmenter[float64](split.Train, 5)
			for i := range 20 {
				image := make([]float64, size)
				if err := from.Read(epoch, i, image); err != nil {
					t.Fatal(err)
				}
				made = append(made, image...)
			}
			explicit := plain
			explicit.Train.X, explicit.Train.Rows = data.ValuesOf(made), nil
			for _, chunk := range []int{7, 100} {
				f := place(split, dtype, chunk)
				f.Training().SetEpoch(5, epoch)
				got := norms(f.Training())
				if want := norms(place(&explicit, dtype, chunk)); !slices.Equal(got, want) {
					t.Errorf("%v, epoch %d in chunks of %d: norms %v, want %v", dtype, epoch, chunk, got, want)
				}
				seen = append(seen, got)
			}
		}
		if slices.Equal(seen[0], seen[2]) || slices.Equal(seen[0], norms(f)) {
			t.Errorf("%v: epochs see the same images", dtype)
		}
	}
}

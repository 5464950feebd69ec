package objective_test

import (
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
)

// sized is a device that says how much memory it has, as a GPU does.
type sized struct {
	kernels.Device
	bytes int64
}

func (s sized) TotalBytes() int64 { return s.bytes }

// Without a choice, a chunk is as large as its gradient's memory allows: a function of the network, the element type and the kind of
// device, and not of the device's memory. The memory of a gradient of that chunk stays within the bound.
func TestDefaultChunkSuitsTheNetwork(t *testing.T) {
	host := cpu.New(cpu.Options{Threads: 1})
	for _, c := range []struct {
		dev    kernels.Device
		model  string
		dtype  kernels.DType
		chosen int
		want   int
	}{
		{host, "mlp:256,256", kernels.Float32, 0, 1024},
		{host, "mlp:256,256", kernels.Float32, 7, 7},
		{host, "cnn", kernels.Float32, 0, 1024},
		{host, "cnn", kernels.Float64, 0, 512},
		{host, "resnet20", kernels.Float32, 0, 128}, // 2.3 MiB an example
		{host, "resnet20", kernels.Float64, 0, 64},
		{host, "vgg11", kernels.Float32, 0, 512},
		{sized{host, 1 << 30}, "resnet20", kernels.Float32, 0, 1024},
		{sized{host, 80 << 30}, "resnet20", kernels.Float32, 0, 1024},
		{sized{host, 80 << 30}, "mlp:256,256", kernels.Float32, 0, 8192},
		{sized{host, 80 << 30}, "resnet20", kernels.Float32, 7, 7},
	} {
		set := data.Set{Name: "zeros", Shape: []int{3, 32, 32}, Classes: 2, X: data.ValuesOf(make([]float32, 2*3072)), Labels: make([]int32, 2)}
		model, err := nn.Parse(c.model, set.Shape, 2, nn.CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(c.dev, model, &data.Split{Train: set}, Options{Chunk: c.chosen, DType: c.dtype})
		if err != nil {
			t.Fatal(err)
		}
		if f.Chunk() != c.want {
			t.Errorf("%s in %v on %+v: a chunk of %d, want %d", c.model, c.dtype, c.dev, f.Chunk(), c.want)
		}
		if bytes, err := f.GradientBytes(f.Chunk()); err != nil || c.chosen == 0 && bytes > 2560<<20 {
			t.Errorf("%s: a gradient of %d examples works in %d bytes (%v)", c.model, f.Chunk(), bytes, err)
		}
		f.Close()
	}
}

// Over long contexts the scores of attention do not count: neither gradients nor second derivatives have them in memory.
func TestDefaultChunkSuitsLongContexts(t *testing.T) {
	for context, want := range map[int]int{32: 512, 1024: 16} {
		set := data.Set{Name: "zeros", Shape: []int{context}, Tokens: 9, Classes: 9, Positions: context, X: data.ValuesOf(make([]byte, context)), Labels: make([]int32, context)}
		model, err := nn.Parse("gpt:4,2,32", set.Shape, 9, nn.CrossEntropy{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(cpu.New(cpu.Options{Threads: 1}), model, &data.Split{Train: set}, Options{DType: kernels.Float32})
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := f.GradientBytes(f.Chunk())
		if err != nil || f.Chunk() != want || bytes > f.Room() {
			t.Errorf("a context of %d: a chunk of %d, want %d, whose gradient works in %d bytes (%v)", context, f.Chunk(), want, bytes, err)
		}
		f.Close()
	}
}

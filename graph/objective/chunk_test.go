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

// Without a choice, a chunk is 1,024 examples, and more where the device has a memory of its own that holds them many times over.
func TestDefaultChunkSuitsTheDevice(t *testing.T) {
	split := &data.Split{Train: data.Set{Name: "ones", Shape: []int{8}, Classes: 2, X: data.ValuesOf(make([]float32, 16)), Labels: make([]int32, 2)}}
	model, err := nn.Parse("mlp:1024", split.Train.Shape, 2, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	host := cpu.New(cpu.Options{Threads: 1})
	for _, c := range []struct {
		dev    kernels.Device
		chosen int
		want   int
	}{
		{host, 0, 1024}, {host, 7, 7}, {sized{host, 0}, 0, 1024}, {sized{host, 64 << 20}, 0, 1024}, // 1,024 examples of a layer take 4 MiB
		{sized{host, 600 << 20}, 0, 4096}, {sized{host, 80 << 30}, 0, 8192}, {sized{host, 80 << 30}, 7, 7},
	} {
		f, err := New(c.dev, model, split, Options{Chunk: c.chosen})
		if err != nil {
			t.Fatal(err)
		}
		if f.Chunk() != c.want {
			t.Errorf("%+v: a chunk of %d, want %d", c, f.Chunk(), c.want)
		}
		f.Close()
	}
}

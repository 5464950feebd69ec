package objective_test

import (
	"os"
	"path/filepath"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/kernels/profile"
)

var recomputes = []Recompute{RecomputeNever, RecomputeCheap, RecomputeAll}

// Gradients, Hessian products and ∂tr Σ of deep networks have the same bits whatever is computed again, over one chunk and over several,
// and with dropout.
func TestRecomputingKeepsBits(t *testing.T) {
	const residual = `{"layers": [{"conv2d": {"out": 4, "kernel": 3, "padding": 1}}, {"groupnorm": {"groups": 2}}, "relu",
		{"residual": {"layers": [{"conv2d": {"out": 4, "kernel": 3, "padding": 1}}, {"groupnorm": {"groups": 2}}, "silu",
			{"conv2d": {"out": 4, "kernel": 3, "padding": 1}}, {"groupnorm": {"groups": 2}}]}},
		"relu", {"maxpool2d": {"kernel": 2}}, {"conv2d": {"out": 4, "kernel": 3, "groups": 2}}, "relu", "globalavgpool", {"linear": {"out": 10}}]}`
	file := filepath.Join(t.TempDir(), "residual.json")
	must(t, os.WriteFile(file, []byte(residual), 0o644))
	for _, spec := range []string{file, "mlp:24,24,24,dropout=0.2,act=tanh", "vit:8,1,2,8"} {
		split, err := data.Load("glyphs,train=10,test=1,size=16", data.Options{Seed: 1})
		must(t, err)
		m, err := nn.Parse(spec, split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
		must(t, err)
		var want [][]float64
		for _, setting := range recomputes {
			f, err := New(devicetest.Open(2), m, split, Options{DType: kernels.Float32, Seed: 1, Chunk: 6, Recompute: setting})
			must(t, err)
			var got [][]float64
			for _, examples := range devicetest.Some(1, f.All(Train), f.All(Train)[:6]) {
				got = append(got, quantities(t, f.Training(), examples)...)
			}
			if f.Close(); want == nil {
				want = got
			}
			for q := range want {
				for i := range want[q] {
					if got[q][i] != want[q][i] {
						t.Fatalf("%s, quantity %d, recomputing %v: element %d is %v, without %v", spec, q, setting, i, got[q][i], want[q][i])
					}
				}
			}
		}
	}
}

// quantities is a gradient, a Hessian product, and ∂tr Σ, in a step of a training run.
func quantities(t testing.TB, f *Objective, examples []int) [][]float64 {
	t.Helper()
	must(t, f.SetStep(1, 0))
	gradient, along, product, mean, slope := vector(t, f), vector(t, f), vector(t, f), vector(t, f), vector(t, f)
	must(t, along.Write(f.Initial(2)))
	g, err := f.CompileGradient(len(examples), gradient)
	must(t, err)
	must(t, g.Run(examples))
	h, err := f.CompileHVP(len(examples), along, product)
	must(t, err)
	must(t, h.Run(examples))
	s, err := f.CompileTraceGradient(len(examples), mean, slope, nil)
	must(t, err)
	must(t, s.Run(examples))
	return [][]float64{contents(t, gradient), contents(t, product), contents(t, mean), contents(t, slope)}
}

// A gradient of ResNet-20 works in about half of its memory where norms and activations are computed again, and in less
// where convolutions are too; so does ∂tr Σ. A device that is short of memory does so by itself.
func TestRecomputingSavesMemory(t *testing.T) {
	devicetest.NotOnGPU(t)
	const n = 16
	set := data.Set{Name: "zeros", Shape: []int{3, 32, 32}, Classes: 10, X: data.ValuesOf(make([]float32, n*3072)), Labels: make([]int32, n)}
	m, err := nn.Parse("resnet20", set.Shape, set.Classes, nn.CrossEntropy{})
	must(t, err)
	work := func(dev kernels.Device, setting Recompute, slope bool) int64 {
		t.Helper()
		f, err := New(dev, m, &data.Split{Train: set}, Options{DType: kernels.Float32, Chunk: n, Recompute: setting})
		must(t, err)
		defer f.Close()
		into, mean := vector(t, f), vector(t, f)
		if slope {
			_, err = f.CompileTraceGradient(n, mean, into, nil)
		} else {
			_, err = f.CompileGradient(n, into)
		}
		must(t, err)
		return f.WorkBytes()
	}
	counting := func() kernels.Device { return profile.Counting(new(profile.Profile)) }
	var gradients, slopes []int64
	for _, setting := range recomputes {
		gradients, slopes = append(gradients, work(counting(), setting, false)), append(slopes, work(counting(), setting, true))
	}
	t.Log(gradients, slopes)
	for k, most := range []float64{1, 0.6, 0.48} {
		if float64(gradients[k]) > most*float64(gradients[0]) {
			t.Errorf("a gradient takes %d bytes, recomputing %v %d", gradients[0], recomputes[k], gradients[k])
		}
		if k > 0 && slopes[k] >= slopes[k-1] {
			t.Errorf("∂tr Σ takes %d bytes, recomputing %v %d", slopes[k-1], recomputes[k], slopes[k])
		}
	}
	for k, free := range []int64{slopes[0] + slopes[0]/50, slopes[1] + slopes[1]/50, slopes[2] + slopes[2]/10} {
		got := work(short{counting(), free}, RecomputeWhenFull, true)
		if got > free || k == 0 && got != slopes[0] || k > 0 && got < slopes[k] {
			t.Errorf("where %d bytes are free ∂tr Σ takes %d", free, got)
		}
	}
}

// short is a device with little memory.
type short struct {
	kernels.Device
	free int64
}

func (d short) FreeBytes() int64 { return d.free }

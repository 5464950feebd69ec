package objective_test

import (
	"math"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/devicetest"
)

// Gradient, ∂tr Σ and H v are the same on the device under test as on one thread of the processor, to the rounding of the type:
// 10⁻¹⁰ in float64 and 10⁻⁵ in float32, of the vector's norm.
func TestDevicesAgree(t *testing.T) {
	for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-10, kernels.Float32: 1e-5} {
		for _, model := range models {
			split, err := data.Load("glyphs,train=40,test=11", data.Options{Seed: 5})
			must(t, err)
			m, err := nn.Parse(model, split.Train.Shape, split.Train.Classes, nn.CrossEntropy)
			must(t, err)
			var reference [][]float64
			for _, device := range []kernels.Device{cpu.New(cpu.Options{Threads: 1}), devicetest.Open(2)} {
				f, err := New(device, m, split, Options{DType: dtype, Chunk: 16})
				must(t, err)
				must(t, f.Parameters().Write(m.Init(3)))
				g, d, v, h := vector(t, f), vector(t, f), vector(t, f), vector(t, f)
				direction := make([]float64, m.NumParams())
				for i := range direction {
					direction[i] = math.Cos(float64(i))
				}
				must(t, v.Write(direction))
				trace, err := f.TraceGradient(f.All(Train), g, d)
				must(t, err)
				must(t, f.HVP(f.All(Train), v, h))
				results := [][]float64{{trace}, contents(t, g), contents(t, d), contents(t, h)}
				if reference == nil {
					reference = results
				}
				for k, what := range []string{"tr Σ", "gradient", "∂tr Σ", "H v"} {
					near(t, model+", "+dtype.String()+", "+what, results[k], reference[k], tolerance)
				}
				f.Close()
				must(t, device.Close())
			}
		}
	}
}

package objective_test

import (
	"math/rand/v2"
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
)

// images is n random images of 28×28 in ten classes.
func images(n int) data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	x, labels := make([]float32, n*784), make([]int32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(r.IntN(10))
	}
	return data.Set{Name: "random", Shape: []int{1, 28, 28}, Classes: 10, X: data.ValuesOf(x), Labels: labels}
}

func benchmark(b *testing.B, model string, batch int, compile func(f *Objective, n int, g, d kernels.Buffer) (runner, error)) {
	split := &data.Split{Train: images(2048)}
	m, err := nn.Parse(model, split.Train.Shape, 10, nn.CrossEntropy{})
	must(b, err)
	f, err := New(cpu.New(cpu.Options{}), m, split, Options{DType: kernels.Float32, Chunk: batch})
	must(b, err)
	defer f.Close()
	must(b, f.Parameters().Write(m.Init(1)))
	pass, err := compile(f, batch, vector(b, f), vector(b, f))
	must(b, err)
	some := f.All(Train)[:batch]
	b.ReportMetric(float64(f.WorkBytes())/1e6, "arenaMB")
	for b.Loop() {
		must(b, pass.Run(some))
	}
}

type runner interface{ Run(examples []int) error }

func gradient(f *Objective, n int, g, _ kernels.Buffer) (runner, error) {
	return f.CompileGradient(n, g)
}
func gradientAndTrace(f *Objective, n int, g, _ kernels.Buffer) (runner, error) {
	return f.CompileTrace(n, g, nil)
}
func traceGradient(f *Objective, n int, g, d kernels.Buffer) (runner, error) {
	return f.CompileTraceGradient(n, g, d, nil)
}
func hvp(f *Objective, n int, g, d kernels.Buffer) (runner, error) { return f.CompileHVP(n, g, d) }

const mlp = "mlp:1024,1024"

func BenchmarkMLPGradient512(b *testing.B)       { benchmark(b, mlp, 512, gradient) }
func BenchmarkMLPTrace512(b *testing.B)          { benchmark(b, mlp, 512, gradientAndTrace) }
func BenchmarkMLPHVP512(b *testing.B)            { benchmark(b, mlp, 512, hvp) }
func BenchmarkMLPGradient1024(b *testing.B)      { benchmark(b, mlp, 1024, gradient) }
func BenchmarkMLPTraceGradient1024(b *testing.B) { benchmark(b, mlp, 1024, traceGradient) }
func BenchmarkCNNGradient128(b *testing.B)       { benchmark(b, "cnn", 128, gradient) }
func BenchmarkCNNTrace128(b *testing.B)          { benchmark(b, "cnn", 128, gradientAndTrace) }
func BenchmarkCNNTraceGradient128(b *testing.B)  { benchmark(b, "cnn", 128, traceGradient) }

package objective_test

import (
	"math/rand/v2"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
)

// images is n random images of 28×28 in ten classes.
func images(n int) data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	s := data.Set{Name: "random", Shape: []int{1, 28, 28}, Classes: 10, X: make([]float32, n*784), Y: make([]float32, n)}
	for i := range s.X {
		s.X[i] = float32(r.NormFloat64())
	}
	for i := range s.Y {
		s.Y[i] = float32(r.IntN(10))
	}
	return s
}

func benchmark(b *testing.B, model string, batch int, pass func(f *Objective, examples []int, g, d kernels.Buffer) error) {
	split := &data.Split{Train: images(2048)}
	m, err := nn.Parse(model, split.Train.Shape, 10, nn.CrossEntropy{})
	must(b, err)
	f, err := New(cpu.New(cpu.Options{}), m, split, Options{DType: kernels.Float32, Chunk: batch})
	must(b, err)
	defer f.Close()
	must(b, f.Parameters().Write(m.Init(1)))
	g, d, some := vector(b, f), vector(b, f), f.All(Train)[:batch]
	must(b, pass(f, some, g, d))
	b.ReportMetric(float64(f.WorkBytes())/1e6, "arenaMB")
	for b.Loop() {
		must(b, pass(f, some, g, d))
	}
}

func gradient(f *Objective, examples []int, g, _ kernels.Buffer) error {
	return f.Gradient(examples, g)
}

func gradientAndTrace(f *Objective, examples []int, g, _ kernels.Buffer) error {
	return f.Pass("gradient and norms", Train, examples, []kernels.Buffer{g}, func(b *Batch) {
		sigma := graph.NewCovariance(b.PerExample())
		b.Measure()
		b.Sum(g, sigma.Mean())
		b.Read(sigma.SquaredNorms())
		b.Read(sigma.Trace())
	}, nil)
}

func traceGradient(f *Objective, examples []int, g, d kernels.Buffer) error {
	_, err := f.TraceGradient(examples, g, d)
	return err
}

func hvp(f *Objective, examples []int, g, d kernels.Buffer) error { return f.HVP(examples, g, d) }

const mlp = "mlp:1024,1024"

func BenchmarkMLPGradient512(b *testing.B)       { benchmark(b, mlp, 512, gradient) }
func BenchmarkMLPTrace512(b *testing.B)          { benchmark(b, mlp, 512, gradientAndTrace) }
func BenchmarkMLPHVP512(b *testing.B)            { benchmark(b, mlp, 512, hvp) }
func BenchmarkMLPGradient1024(b *testing.B)      { benchmark(b, mlp, 1024, gradient) }
func BenchmarkMLPTraceGradient1024(b *testing.B) { benchmark(b, mlp, 1024, traceGradient) }
func BenchmarkCNNGradient128(b *testing.B)       { benchmark(b, "cnn", 128, gradient) }
func BenchmarkCNNTrace128(b *testing.B)          { benchmark(b, "cnn", 128, gradientAndTrace) }
func BenchmarkCNNTraceGradient128(b *testing.B)  { benchmark(b, "cnn", 128, traceGradient) }

package train

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// work is one kind of step at a fixed size, as the peers' scripts do it too.
type work struct {
	name, model string
	batch       int
	prepare     func(t *Trainer, n int, v, into kernels.Buffer) (runner, error)
}

type runner interface{ Run(examples []int) error }

// stepping runs steps of a trainer, whatever the examples.
type stepping struct{ *Trainer }

func (s stepping) Run([]int) error { return s.Step() }

func trainingStep(t *Trainer, _ int, _, _ kernels.Buffer) (runner, error) { return stepping{t}, nil }

func gradientOnly(t *Trainer, n int, _, into kernels.Buffer) (runner, error) {
	return t.Objective.CompileGradient(n, into)
}

func regularizerGradient(t *Trainer, n int, v, into kernels.Buffer) (runner, error) {
	return t.Objective.CompileTraceGradient(n, v, into, nil)
}

func hessianProduct(t *Trainer, n int, v, into kernels.Buffer) (runner, error) {
	return t.Objective.CompileHVP(n, v, into)
}

func sigmaProduct(t *Trainer, n int, v, into kernels.Buffer) (runner, error) {
	return t.Objective.Compile(n, func(b *objective.Batch) {
		b.Sum(into, graph.NewCovariance(b.Here().PerExample()).Apply(b.Vector(v)))
	}, nil)
}

var works = []work{
	{"mlp4096_step", "mlp:4096,4096", 8192, trainingStep},
	{"cnn_step", "cnn", 1024, trainingStep},
	{"mlp1024_gradient", "mlp:1024,1024", 512, gradientOnly},
	{"mlp1024_trace_gradient", "mlp:1024,1024", 512, regularizerGradient},
	{"mlp1024_hvp", "mlp:1024,1024", 512, hessianProduct},
	{"mlp1024_sigma_product", "mlp:1024,1024", 512, sigmaProduct},
}

// BenchmarkDevice times work on the device under test, ten repetitions at a time between two waits for the device, of which the least
// counts, as it does for the peers. With DRIFT_BENCH_SMALL it only shows that the works run.
func BenchmarkDevice(b *testing.B) {
	repetitions := 10
	for _, w := range works {
		if os.Getenv("DRIFT_BENCH_SMALL") != "" {
			w.model, w.batch, repetitions = strings.NewReplacer("4096", "16", "1024", "16").Replace(w.model), 2, 1
		}
		b.Run(w.name, func(b *testing.B) {
			trainer, v, into := w.open(b)
			examples := trainer.Objective.All(objective.Train)[:w.batch]
			step, err := w.prepare(trainer, w.batch, v, into)
			must(b, err)
			several := func() {
				for range repetitions {
					if err := step.Run(examples); err != nil {
						b.Fatal(err)
					}
				}
				if err := trainer.Objective.Device().Synchronize(); err != nil {
					b.Fatal(err)
				}
			}
			several()
			least := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				several()
				least = min(least, time.Since(start).Seconds()/float64(repetitions))
			}
			b.ReportMetric(least, "s/step")
		})
	}
}

// open is a trainer on random images of 28×28 in ten classes, with room for two vectors.
func (w work) open(b *testing.B) (t *Trainer, v, into kernels.Buffer) {
	r := rand.New(rand.NewPCG(1, 2))
	n := 2 * w.batch
	x, labels := make([]float32, n*784), make([]int32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(r.IntN(10))
	}
	set := data.Set{Name: "random", Shape: []int{1, 28, 28}, Classes: 10, X: data.ValuesOf(x), Labels: labels}
	model, err := nn.Parse(w.model, set.Shape, set.Classes, nn.CrossEntropy{})
	must(b, err)
	f, err := objective.New(devicetest.Open(0), model, &data.Split{Train: set}, objective.Options{DType: kernels.Float32, Chunk: w.batch})
	must(b, err)
	b.Cleanup(f.Close)
	must(b, f.Parameters().Write(model.Init(1)))
	t, err = New(f, sgd(1e-3, w.batch), Options{Steps: 1 << 30, Seed: 1})
	must(b, err)
	b.Cleanup(t.Close)
	for _, to := range []*kernels.Buffer{&v, &into} {
		*to, err = f.NewVector()
		must(b, err)
	}
	return t, v, into
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

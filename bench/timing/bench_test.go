package timing

import (
	"testing"

	"drift/kernels"
	"drift/kernels/devicetest"
)

// BenchmarkCases is every case by itself, for profiles: go test -bench Cases/mlp/hvp -cpuprofile cpu.prof ./bench/timing.
func BenchmarkCases(b *testing.B) {
	dev := devicetest.Open(0)
	defer dev.Close()
	for _, c := range Cases(kernels.Float32) {
		b.Run(c.Name, func(b *testing.B) {
			w, err := c.Open(dev)
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			if err := w.Run(); err != nil { // compiles
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Run(); err != nil {
					b.Fatal(err)
				}
			}
			if s := b.Elapsed().Seconds(); c.Flops > 0 && s > 0 {
				b.ReportMetric(c.Flops*float64(b.N)/s/1e9, "GFLOP/s")
			}
		})
	}
}

package cpu

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// BenchmarkAttention is that of a small language model, and of one long sequence.
func BenchmarkAttention(b *testing.B) {
	for _, p := range []kernels.Attention{
		{Batch: 12, Heads: 4, Queries: 64, Keys: 64, Width: 32, Values: 32, Scale: 0.2, Causal: true, Packed: true},
		{Batch: 1, Heads: 4, Queries: 1024, Keys: 1024, Width: 32, Values: 32, Scale: 0.2, Causal: true, Packed: true},
		{Batch: 1, Heads: 4, Queries: 1024, Keys: 1024, Width: 64, Values: 64, Scale: 0.2},
	} {
		for _, op := range []kernels.Primitive{p, kernels.AttentionGradient(p), kernels.AttentionTangent(p), kernels.AttentionHVP(p)} {
			b.Run(op.Name()+" "+kernels.Describe(op), func(b *testing.B) {
				c := &cnn{device: New(Options{Threads: 1}), rng: rand.New(rand.NewPCG(1, 1))}
				out, in, _ := op.Operands()
				call := kernels.Call{Op: op}
				for _, n := range out {
					call.Out = append(call.Out, c.buffer(n))
				}
				for _, n := range in {
					call.In = append(call.In, c.buffer(n))
				}
				e, err := c.device.Load([]kernels.Call{call})
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := e.Run(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(kernels.Flops(op)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

package cpu

import (
	"fmt"
	"math"
	"testing"
	"time"

	"drift/kernels"
)

// BenchmarkOwnKernels is convolutions of images that have kernels of their own, as those of the gradient of tr Σ: the least µs an image on one
// thread.
func BenchmarkOwnKernels(b *testing.B) { benchmarkConvolutions(b, true) }

// BenchmarkSharedKernels is those of images that share kernels.
func BenchmarkSharedKernels(b *testing.B) { benchmarkConvolutions(b, false) }

func benchmarkConvolutions(b *testing.B, perExample bool) {
	const images = 128
	for _, size := range []struct{ channels, side int }{{16, 32}, {32, 16}, {64, 8}} {
		w := kernels.Window{N: images, C: size.channels, H: size.side, W: size.side, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
		conv := kernels.Conv{Window: w, O: size.channels, PerExample: perExample}
		for _, op := range []kernels.Primitive{conv, kernels.ConvInput(conv), kernels.ConvWeight(conv), kernels.ConvSum{Conv: conv}} {
			b.Run(fmt.Sprintf("%s%dx%d", op.Name(), size.channels, size.side), func(b *testing.B) {
				c := newCNN(1)
				defer c.device.Close()
				c.calls = nil
				_, in, err := op.Operands()
				if err != nil {
					b.Fatal(err)
				}
				var operands []kernels.Buffer
				for _, n := range in {
					operands = append(operands, c.buffer(n))
				}
				c.call(op, operands...)
				e, err := c.device.Load(c.calls)
				if err != nil {
					b.Fatal(err)
				}
				least := time.Duration(math.MaxInt64)
				for b.Loop() {
					start := time.Now()
					if err := e.Run(); err != nil {
						b.Fatal(err)
					}
					least = min(least, time.Since(start))
				}
				b.ReportMetric(float64(least.Nanoseconds())/1e3/images, "µs/image")
			})
		}
	}
}

package nn

import (
	"math"
	"testing"

	"drift/graph"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// Softplus is PyTorch's: with β = 1 the plain function, with a large β nearly ReLU, never below it and never more than ln 2/β above.
func TestSoftplusRoundsOffTheKink(t *testing.T) {
	for _, beta := range []float64{0.5, 1, 3, 40} {
		for _, x := range []float64{-30, -1, -0.01, 0, 0.2, 2, 50} {
			want := math.Log1p(math.Exp(-math.Abs(beta*x)))/beta + math.Max(x, 0)
			got := applied(t, Softplus{Beta: beta}, x)
			if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) || got < math.Max(x, 0) || got > math.Max(x, 0)+math.Ln2/beta+1e-15 {
				t.Errorf("β = %v at %v: %v, want %v", beta, x, got, want)
			}
		}
	}
}

// applied is the layer's value at x.
func applied(t *testing.T, l Layer, x float64) float64 {
	t.Helper()
	dev := devicetest.Open(1)
	defer dev.Close()
	in, err := dev.NewBuffer(kernels.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Free()
	value := []float64{x}
	if err := in.Write(value); err != nil {
		t.Fatal(err)
	}
	var out *graph.Node
	program, err := graph.NewProgram(dev, kernels.Float64, func(b *graph.Builder) {
		out = l.Build(nil, b.Leaf(in, 1))
		b.Output(out)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	if err := program.Buffer(out).Read(value); err != nil {
		t.Fatal(err)
	}
	return value[0]
}

package graph_test

import (
	"math/rand/v2"
	"testing"

	. "drift/graph"
	"drift/kernels"
)

// A class is the first up to which the probabilities sum to the uniform number, in both types; a sum that rounds below it is the last class's.
func TestClassesAreDrawnByCumulativeProbabilities(t *testing.T) {
	const n = 200
	r := rand.New(rand.NewPCG(3, 1))
	for _, c := range []int{2, 3, 10, 17, 100} {
		p, u, want := make([]float64, n*c), make([]float64, n), make([]float64, n)
		for i := range n {
			row, sum := p[i*c:][:c], 0.0
			for k := range row {
				row[k] = r.ExpFloat64()
				sum += row[k]
			}
			for k := range row {
				row[k] /= sum
			}
			class := i % c // somewhere inside of its share, so that rounding decides nothing
			for _, x := range row[:class] {
				u[i] += x
			}
			u[i] += row[class] * (0.1 + 0.8*r.Float64())
			want[i] = float64(class)
		}
		for _, dt := range []kernels.DType{kernels.Float64, kernels.Float32} {
			g := New()
			x, y := Input(g, dt, "p", n, c), Input(g, dt, "u", n)
			drawn := Add(Categorical(x, y), Fill(y, 0.5)) // as numbers
			for i, got := range evaluate(t, values{x: p, y: u}, drawn)[0] {
				if got != want[i]+0.5 {
					t.Fatalf("%d classes, %v: row %d drew %v, want %v", c, dt, i, got-0.5, want[i])
				}
			}
		}
	}
	g := New()
	x, y := Input(g, kernels.Float64, "p", 1, 3), Input(g, kernels.Float64, "u", 1)
	if got := evaluate(t, values{x: {0.2, 0.3, 0.4}, y: {0.99}}, Add(Categorical(x, y), Fill(y, 0.5)))[0][0]; got != 2.5 {
		t.Errorf("beyond the last sum: class %v, want 2", got-0.5)
	}
}

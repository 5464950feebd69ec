package winograd4

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Matrices of the method for points 0, ±a, ±b and ∞, in float64.
func matrices() (B [6][6]float64, G [6][3]float64, A [6][4]float64) {
	const a, b = 0.625, 1.5
	B = [6][6]float64{
		{a * a * b * b, 0, -a*a - b*b, 0, 1, 0},
		{0, -a * b * b, -b * b, a, 1, 0},
		{0, a * b * b, -b * b, -a, 1, 0},
		{0, -b * a * a, -a * a, b, 1, 0},
		{0, b * a * a, -a * a, -b, 1, 0},
		{0, a * a * b * b, 0, -a*a - b*b, 0, 1},
	}
	points := [5]float64{0, a, -a, b, -b}
	for i, p := range points {
		distances := 1.0
		for k, q := range points {
			if k != i {
				distances *= p - q
			}
		}
		for j := range 3 {
			G[i][j] = math.Pow(p, float64(j)) / distances
		}
		for j := range 4 {
			A[i][j] = math.Pow(p, float64(j))
		}
	}
	G[5][2], A[5][3] = 1, 1
	return B, G, A
}

// condition is κ: the largest factor with which a product of a kernel's element and a pixel goes into an output of a line,
// if nothing cancels.
func condition() (largest float64) {
	B, G, A := matrices()
	for i := range 4 {
		for j := range 3 {
			for k := range 6 {
				sum, exact := 0.0, 0.0
				for p := range 6 {
					term := A[p][i] * G[p][j] * B[p][k]
					sum, exact = sum+math.Abs(term), exact+term
				}
				want := 0.0
				if i+j == k {
					want = 1
				}
				if math.Abs(exact-want) > 1e-14 {
					panic("these matrices are not a convolution's")
				}
				largest = max(largest, sum)
			}
		}
	}
	return largest
}

// The error of an output is at most (C+28)·ε·κ² times the sum of all |k|·|x| of kernels and patches, ε = 2⁻²⁴, and for numbers that are as
// likely positive as negative some ε times the sum of those that meet. So is that of a kernel's gradient, with outputs in place of kernels.
func TestRoundingIsWithinItsBound(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		if k := condition(); k > 6.2 {
			t.Errorf("κ is %v, and documented as 6.2", k)
		}
		const channels, images = 16, 64
		for _, spread := range []float64{0, 3} { // magnitudes over some powers of e
			for _, mean := range []float64{0, 1} {
				testRounding(t, channels, images, spread, mean)
			}
		}
	})
}

const unit = 1.0 / (1 << 24)

func testRounding(t *testing.T, channels, images int, spread, mean float64) {
	rng := rand.New(rand.NewPCG(7, uint64(spread)))
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32((rng.NormFloat64() + mean) * math.Exp(spread*rng.NormFloat64()))
		}
		return x
	}
	// One tile of 4×4 outputs, which sees its pixels and zeros around them.
	tiles, plane, size := Tiles{images, 1, 1}, Plane{Height: 4, Width: 4}, 16
	x, k, g := random(channels*images*size), random(channels*9), random(images*size)
	lines := NewLines(tiles, 4, make([]float32, LinesLen(tiles, 4)), Edges(tiles))
	step := tiles.Len()
	v, u, m := make([]float32, Places*step), make([]float32, Places), make([]float32, Places*step)
	exact, patches := make([]sum, images*size), make([]float64, images)
	grad := make([]float32, Places*step)
	lines.Spread(grad, step, g, size, plane)
	for c := range channels {
		x, k := x[c*images*size:][:images*size], k[9*c:][:9]
		lines.Data(v, step, x, size, plane)
		Kernels{}.Transform(u, 1, 0, k, 1, 1)
		for i := range m {
			m[i] += u[i/step] * v[i]
		}
		y, gradient := convolve(x, k, g, images, 4, 4)
		for i := range y {
			exact[i].value, exact[i].magnitude = exact[i].value+y[i].value, exact[i].magnitude+y[i].magnitude
		}
		for n := range images {
			patches[n] += magnitude(x[n*size:][:size]) * magnitude(k)
		}
		weight(t, v, grad, step, gradient, x, g, images)
	}
	y := make([]float32, images*size)
	lines.Outputs(y, size, m, step, plane)
	squares, sizes := 0.0, 0.0
	for i, v := range y {
		e := math.Abs(float64(v) - exact[i].value)
		if bound := float64(channels+28) * unit * 6.2 * 6.2 * patches[i/size]; !(e <= bound) {
			t.Fatalf("output %d is off by %v, more than %v", i, e, bound)
		}
		squares, sizes = squares+e*e, sizes+exact[i].magnitude
	}
	if rms, typical := math.Sqrt(squares/float64(len(y))), sizes/float64(len(y)); spread == 0 && rms > 2*unit*typical {
		t.Errorf("errors of outputs are %.3g units of Σ|k||x|", rms/typical/unit)
	}
}

// weight checks the gradient of one kernel.
func weight(t *testing.T, v, spread []float32, step int, exact []sum, x, g []float32, images int) {
	p, k := make([]float32, Places), make([]float32, 9)
	for i := range v {
		p[i/step] += spread[i] * v[i]
	}
	Gradients(k, p, 1, 1)
	all := 0.0
	for n := range images {
		all += magnitude(x[16*n:][:16]) * magnitude(g[16*n:][:16])
	}
	for i, v := range k {
		if e, bound := math.Abs(float64(v)-exact[i].value), float64(images+28)*unit*6.2*6.2*all; !(e <= bound) {
			t.Fatalf("element %d of a kernel's gradient is off by %v, more than %v", i, e, bound)
		}
	}
}

func magnitude(x []float32) (sum float64) {
	for _, v := range x {
		sum += math.Abs(float64(v))
	}
	return sum
}

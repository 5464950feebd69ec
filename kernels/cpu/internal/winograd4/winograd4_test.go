package winograd4

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels/cpu/internal/guard"
)

// One channel by tiles is the convolution, and the adjoint in the kernel, with operands that end at the last byte of a page: a load or a store
// beyond them would end the process.
func TestTilesAreTheConvolution(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for height := 1; height < 20; height++ {
			for width := 1; width < 70; width += 1 + width/7 {
				for images := 1; images < 6; images += 2 {
					testTiles(t, images, height, width)
				}
			}
		}
	})
}

func testTiles(t *testing.T, images, height, width int) {
	rng := rand.New(rand.NewPCG(uint64(height), uint64(width)))
	random := func(n int) []float32 {
		x := guard.Slice[float32](t, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	plane := Plane{Height: height, Width: width}
	tiles := Tiles{images, (height + 3) / 4, (width + 3) / 4}
	size := height * width
	x, k, g := random(images*size), random(9), random(images*size)
	lines := NewLines(tiles, width, guard.Slice[float32](t, LinesLen(tiles, width)), Edges(tiles))
	step := tiles.Len()
	v, u, w := guard.Slice[float32](t, Places*step), guard.Slice[float32](t, Places), guard.Slice[float32](t, Places*step)
	lines.Data(v, step, x, size, plane)
	lines.Spread(w, step, g, size, plane)
	for p := range u {
		for i := range step {
			u[p] += w[p*step+i] * v[p*step+i]
		}
	}
	want, gradient := convolve(x, k, g, images, height, width)
	got := guard.Slice[float32](t, 9)
	Gradients(got, u, 1, 1)
	compare(t, "kernel's gradient", got, gradient)

	Kernels{}.Transform(u, 1, 0, k, 1, 1)
	for i := range w {
		w[i] = u[i/step] * v[i]
	}
	y := guard.Slice[float32](t, images*size)
	lines.Outputs(y, size, w, step, plane)
	compare(t, "outputs", y, want)
}

// sum is a number with the sum of the terms' magnitudes.
type sum struct{ value, magnitude float64 }

func (s *sum) add(v float64) { s.value, s.magnitude = s.value+v, s.magnitude+math.Abs(v) }

// convolve is y and k̄ by their definition.
func convolve(x, k, g []float32, images, height, width int) (y, gradient []sum) {
	y, gradient = make([]sum, images*height*width), make([]sum, 9)
	for i := range y {
		n := i / (height * width)
		for tap := range 9 {
			row, col := i/width%height+tap/3-1, i%width+tap%3-1
			if row >= 0 && row < height && col >= 0 && col < width {
				pixel := float64(x[(n*height+row)*width+col])
				y[i].add(float64(k[tap]) * pixel)
				gradient[tap].add(float64(g[i]) * pixel)
			}
		}
	}
	return y, gradient
}

func compare(t *testing.T, what string, got []float32, want []sum) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i].value) <= 1e-4*(1+want[i].magnitude)) {
			t.Fatalf("%s %d of %d is %v, want %v", what, i, len(got), v, want[i])
		}
	}
}

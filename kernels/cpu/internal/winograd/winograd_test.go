package winograd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/guard"
	"drift/kernels/cpu/internal/level"
)

// One channel by tiles is the convolution, and the adjoint in the kernel, with operands that end at the last byte of a page: a load or a store
// beyond them would end the process.
func TestTilesAreTheConvolution(t *testing.T) {
	for l := level.Portable; l <= level.Best(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer level.Set(level.Set(l))
			if !Available[float32]() {
				t.Skip("this level has no transforms")
			}
			for _, pad := range []int{0, 1, 2} {
				for height := 3; height < 12; height++ {
					for width := 3; width < 40; width += 3 {
						testTiles[float32](t, height, width, pad, 1e-5)
						testTiles[float64](t, height, width, pad, 1e-14)
					}
				}
			}
		})
	}
}

func testTiles[T kernels.Float](t *testing.T, height, width, pad int, tolerance float64) {
	rng := rand.New(rand.NewPCG(uint64(height), uint64(width)))
	random := func(n int) []T {
		x := guard.Slice[T](t, n)
		for i := range x {
			x[i] = T(rng.NormFloat64())
		}
		return x
	}
	outH, outW := height+2*pad-2, width+2*pad-2
	tiles := Tiles{(outH + 1) / 2, (outW + 1) / 2}
	x, k, g := random(height*width), random(9), random(outH*outW)
	pixels, quarters := guard.Slice[T](t, PixelsLen[T](tiles)), guard.Slice[T](t, OutputsLen[T](tiles))
	step := tiles.Len() + Slack[T]()
	v, u, w := guard.Slice[T](t, Places*step), guard.Slice[T](t, Places), guard.Slice[T](t, Places*step)
	Split(tiles, pixels, x, Image{height, width, -pad, -pad})
	Data(tiles, v, step, pixels)

	Kernel(u, 1, k)
	for i := range w {
		w[i] = u[i/step] * v[i]
	}
	y := guard.Slice[T](t, outH*outW)
	Outputs(tiles, quarters, w, step)
	Join(tiles, y, quarters, outH, outW)
	want, gradient := convolve(x, k, g, height, width, pad)
	compare(t, "outputs", y, want, tolerance)

	clear(quarters)
	SplitOutputs(tiles, quarters, g, outH, outW)
	Spread(tiles, w, step, quarters)
	clear(u)
	for p := range u {
		for i := range tiles.Len() {
			u[p] += w[p*step+i] * v[p*step+i]
		}
	}
	got := guard.Slice[T](t, 9)
	Gradient(got, u, 1)
	compare(t, "kernel's gradient", got, gradient, tolerance*float64(outH*outW))
}

// Halves are the even and the odd elements of rows, and Whole puts them back, at every level.
func TestHalvesAreARowsElements(t *testing.T) {
	for l := level.Portable; l <= level.Best(); l++ {
		defer level.Set(level.Set(l))
		for n := 1; n < 70; n++ {
			const rows = 3
			half := (n + 1) / 2
			p := guard.Slice[float32](t, rows*n)
			for i := range p {
				p[i] = float32(i)
			}
			even, odd, back := guard.Slice[float32](t, rows*half), guard.Slice[float32](t, rows*half), guard.Slice[float32](t, rows*n)
			Halves(even, odd, half, p, n, rows, n)
			for i, v := range p {
				if got := [2][]float32{even, odd}[i%n%2][i/n*half+i%n/2]; got != v {
					t.Fatalf("level %v: element %d of rows of %d became %v", l, i, n, got)
				}
			}
			if Whole(back, n, even, odd, half, rows, n); !slices.Equal(back, p) {
				t.Fatalf("level %v: rows of %d did not come back", l, n)
			}
		}
	}
}

// convolve is y and k̄ by their definition.
func convolve[T kernels.Float](x, k, g []T, height, width, pad int) (y, gradient []float64) {
	outH, outW := height+2*pad-2, width+2*pad-2
	y, gradient = make([]float64, outH*outW), make([]float64, 9)
	for i := range y {
		for tap := range 9 {
			row, col := i/outW+tap/3-pad, i%outW+tap%3-pad
			if row >= 0 && row < height && col >= 0 && col < width {
				y[i] += float64(k[tap] * x[row*width+col])
				gradient[tap] += float64(g[i] * x[row*width+col])
			}
		}
	}
	return y, gradient
}

func compare[T kernels.Float](t *testing.T, what string, got []T, want []float64, tolerance float64) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= tolerance) {
			t.Fatalf("%s %d is %v, want %v", what, i, v, want[i])
		}
	}
}

package winograd4

import (
	"math/rand/v2"
	"testing"

	"drift/kernels/cpu/internal/guard"
)

// Vectors along channels have the bits of those along tiles, whose rounding has a bound. Operands end at the last byte of a page.
func TestChannelsAreAsTiles(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for _, size := range []Channels{{1, 1}, {1, 3}, {2, 2}, {3, 2}} {
			for _, channels := range []int{1, 7, 16, 33, 64} {
				testChannels(t, size, channels)
			}
		}
	})
}

func testChannels(t *testing.T, size Channels, channels int) {
	width, height, count := Tile*size.Across, Tile*size.Rows, size.Tiles()
	plane := width * height
	x, m := random(t, channels*plane, 1), random(t, Places*count*channels, 2)
	lined := func(n int) (l Lines, tiles Tiles, v []float32) {
		tiles = Tiles{channels, size.Rows, size.Across}
		return NewLines(tiles, width, make([]float32, LinesLen(tiles, width)), Edges(tiles)), tiles, make([]float32, n*tiles.Len())
	}
	same := func(what string, got, want func(c, i int) float32, each int) {
		t.Helper()
		for i := range channels * each {
			if g, w := got(i/each, i%each), want(i/each, i%each); g != w {
				t.Fatalf("%v tiles, %d channels: %s %d of channel %d is %v, want %v", size, channels, what, i%each, i/each, g, w)
			}
		}
	}
	row, all := size.Padded()
	padded, pixels := guard.Slice[float32](t, all*channels), guard.Slice[float32](t, plane*channels)
	for i, v := range x {
		c, y, column := i/plane, i%plane/width, i%width
		padded[((y+1)*row+column+1)*channels+c], pixels[i%plane*channels+c] = v, v
	}
	memory, got := guard.Slice[float32](t, size.LinesLen(channels)), guard.Slice[float32](t, Places*count*channels)
	places := func(v []float32, step int) (ours, lines func(c, i int) float32) {
		return func(c, i int) float32 { return got[i/count*count*channels+i%count*channels+c] },
			func(c, i int) float32 { return v[i/count*step+c*count+i%count] }
	}
	lines, tiles, v := lined(Places)
	for name, transform := range map[string]func(){
		"patch": func() {
			size.Data(got, count*channels, padded, memory, channels)
			lines.Data(v, tiles.Len(), x, plane, Plane{Height: height, Width: width})
		},
		"gradient": func() {
			size.Spread(got, count*channels, pixels, memory, channels)
			lines.Spread(v, tiles.Len(), x, plane, Plane{Height: height, Width: width})
		},
	} {
		transform()
		ours, want := places(v, tiles.Len())
		same(name, ours, want, Places*count)
	}
	for i, value := range m {
		v[i/(count*channels)*tiles.Len()+i%channels*count+i/channels%count] = value
	}
	want, y := make([]float32, channels*plane), guard.Slice[float32](t, plane*channels)
	lines.Outputs(want, plane, v, tiles.Len(), Plane{Height: height, Width: width})
	size.Outputs(y, m, count*channels, memory, channels)
	same("output", func(c, i int) float32 { return y[i*channels+c] }, func(c, i int) float32 { return want[c*plane+i] }, plane)
}

// Up to sixteen kernels at once have the bits of one at a time.
func TestKernelsAtOnceAreAsOne(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for _, count := range []int{2, 7, 8, 13, 16} {
			for _, stride := range []int{9, 10, 45} {
				for _, turned := range []bool{false, true} {
					testKernels(t, Kernels{9, stride, turned}, count)
				}
			}
			p, all, one := random(t, Places*count, 4), guard.Slice[float32](t, 9*count), make([]float32, 9)
			Gradients(all, p, count, count)
			for i := range count {
				Gradients(one, p[i:], count, 1)
				for e, want := range one {
					if got := all[9*i+e]; got != want {
						t.Fatalf("%d gradients: element %d of %d is %v, want %v", count, e, i, got, want)
					}
				}
			}
		}
	})
}

func testKernels(t *testing.T, kernels Kernels, count int) {
	k := random(t, (count-1)*kernels.OutputStride+9, 3)
	all, one := guard.Slice[float32](t, Places*count), make([]float32, Places)
	kernels.Transform(all, count, 0, k, 1, count)
	for i := range count {
		kernels.Transform(one, 1, 0, k[i*kernels.OutputStride:], 1, 1)
		for p, want := range one {
			if got := all[p*count+i]; got != want {
				t.Fatalf("%d of %+v: place %d of %d is %v, want %v", count, kernels, p, i, got, want)
			}
		}
	}
}

// random numbers that end at the last byte of a page.
func random(t *testing.T, n int, seed uint64) []float32 {
	rng, x := rand.New(rand.NewPCG(seed, 0)), guard.Slice[float32](t, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

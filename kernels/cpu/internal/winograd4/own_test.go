package winograd4

import (
	"math"
	"slices"
	"testing"

	"drift/kernels/cpu/internal/guard"
)

// Blocks cover all channels with whole vectors, and compute few twice.
func TestBlocksCoverChannels(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for n := Lanes; n < 100; n++ {
			var all []int
			for from, lanes := range Blocks(n) {
				if lanes != Lanes && lanes != mostLanes() || from+lanes > n {
					t.Fatalf("%d channels: block of %d from %d on", n, lanes, from)
				}
				for c := range lanes {
					all = append(all, from+c)
				}
			}
			if len(all) >= n+mostLanes() {
				t.Errorf("%d channels: %d computed", n, len(all))
			}
			slices.Sort(all)
			if all = slices.Compact(all); len(all) != n || all[n-1] != n-1 {
				t.Errorf("%d channels: %v computed", n, all)
			}
		}
	})
}

// ownSizes are tiles for each way in which they are cut into groups.
var ownSizes = []Channels{{1, 1}, {2, 1}, {1, 3}, {2, 2}, {3, 2}, {1, 7}, {3, 3}}

// Products with kernels that are transformed block by block are the sums over inputs. Operands end at the last byte of a page.
func TestConvolve(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for _, size := range ownSizes {
			for _, inputs := range []int{1, 4, 6, 19} {
				for lanes := Lanes; lanes <= mostLanes(); lanes += Lanes {
					for _, turned := range []bool{false, true} {
						testConvolve(t, size, inputs, lanes, turned)
					}
				}
			}
		}
	})
}

func testConvolve(t *testing.T, size Channels, inputs, lanes int, turned bool) {
	tiles := size.Tiles()
	step := tiles * inputs
	of := KernelsOf(inputs, lanes, turned)
	k, v := random(t, 9*inputs*lanes, 5), random(t, Places*step, 6)
	m, memory := guard.Slice[float32](t, Places*tiles*lanes), guard.Slice[float32](t, OwnLen)
	for i := range m {
		m[i] = float32(math.NaN()) // what was there before
	}
	size.Convolve(m, v, step, of, k, k, memory, inputs, lanes)
	u := make([]float32, Places)
	want, scale := make([]float64, len(m)), make([]float64, len(m))
	for o := range lanes {
		for c := range inputs {
			of.Transform(u, 1, 0, k[c*of.InputStride+o*of.OutputStride:], 1, 1)
			for i := range Places * tiles {
				term := float64(u[i/tiles]) * float64(v[i/tiles*step+i%tiles*inputs+c])
				want[i*lanes+o] += term
				scale[i*lanes+o] += math.Abs(term)
			}
		}
	}
	for i, x := range m {
		if bound := float64(inputs+1) * 0x1p-24 * scale[i]; !(math.Abs(float64(x)-want[i]) <= bound) {
			t.Fatalf("%v tiles, %d inputs, %d outputs, turned %v: product %d of output %d is %v, want %v", size, inputs, lanes, turned, i/lanes, i%lanes, x, want[i])
		}
	}
}

// Gradients of kernels are those of the sums over tiles.
func TestWeights(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		for _, size := range ownSizes {
			for _, channels := range [][2]int{{16, 16}, {17, 32}, {32, 19}, {33, 16}, {48, 17}} {
				testWeights(t, size, channels[0], channels[1])
			}
		}
	})
}

func testWeights(t *testing.T, size Channels, inputs, outputs int) {
	tiles := size.Tiles()
	step := tiles * max(inputs, outputs)
	v, y := random(t, Places*step, 7), random(t, Places*step, 8)
	k, memory := guard.Slice[float32](t, 9*inputs*outputs), guard.Slice[float32](t, OwnLen)
	size.Weights(k, y, v, step, [2][]float32{y, v}, memory, inputs, outputs)
	_, G, _ := matrices()
	for i := range inputs * outputs {
		o, c := i/inputs, i%inputs
		var want, scale [9]float64
		for p := range Places {
			sum, size := 0.0, 0.0
			for tile := range tiles {
				term := float64(y[p*step+tile*outputs+o]) * float64(v[p*step+tile*inputs+c])
				sum, size = sum+term, size+math.Abs(term)
			}
			for e := range 9 {
				factor := G[p/6][e/3] * G[p%6][e%3]
				want[e] += factor * sum
				scale[e] += math.Abs(factor) * size
			}
		}
		for e := range 9 {
			// rounded once in each of the sums over tiles, rows and columns, of up to six terms, and in the factors
			if got, bound := float64(k[9*i+e]), float64(tiles+20)*0x1p-24*scale[e]; !(math.Abs(got-want[e]) <= bound) {
				t.Fatalf("%v tiles, %d inputs, %d outputs: element %d of output %d and input %d is %v, want %v", size, inputs, outputs, e, o, c, got, want[e])
			}
		}
	}
}

// Package kerneltest is the conformance suite of devices: every primitive in both types against plain loops in float64.
//
// Operands are views in the middle of larger buffers, at odd offsets; results must match and everything around them must stay as it was.
// Tolerances are rounding-error bounds: each reference returns, besides the result, the sum of the absolute values
// that were added, and a primitive may be off by a number of units in the last place of that.
package kerneltest

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// Run tests devices that open returns. Each is closed at the end of its test.
func Run(t *testing.T, open func() kernels.Device) {
	for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
		t.Run(dt.String(), func(t *testing.T) {
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					d := open()
					test.run(&suite{T: t, device: d, dt: dt, rng: rand.New(rand.NewPCG(7, uint64(dt)))})
					if err := d.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				})
			}
		})
	}
}

var tests = []struct {
	name string
	run  func(*suite)
}{
	{"Buffers", testBuffers},
	{"Functions", testFunctions},
	{"ShortMaps", testShortMaps},
	{"Access", testAccess},
	{"Chains", testChains},
	{"InPlace", testInPlace},
	{"Reduce", testReduce},
	{"LongSums", testLongSums},
	{"Rowwise", testRowwise},
	{"Columnwise", testColumnwise},
	{"ColumnwiseInPlace", testColumnwiseInPlace},
	{"Gemm", testGemm},
	{"GemmNaN", testGemmNaN},
	{"Product", testProduct},
	{"Attention", testAttention},
	{"AttentionSees", testAttentionSees},
	{"AttentionHVP", testAttentionHVP},
	{"AttentionHVPSees", testAttentionHVPSees},
	{"Rows", testRows},
	{"RowsNaN", testRowsNaN},
	{"Indices", testIndices},
	{"IndexTables", testIndexTables},
	{"IndicesOfBytes", testUnpack},
	{"Uniform", testUniform},
	{"Layout", testLayout},
	{"Conv", testConv},
	{"Convolved", testConvolved},
	{"ConvSum", testConvSum},
	{"Groups", testGroups},
	{"Grams", testGrams},
	{"Pool", testPool},
	{"PoolNaN", testPoolNaN},
	{"Order", testOrder},
	{"Errors", testErrors},
	{"Allocations", testAllocations},
	{"Concurrent", testConcurrent},
}

type suite struct {
	*testing.T
	device  kernels.Device
	dt      kernels.DType
	rng     *rand.Rand
	aligned bool // views
}

// unit is half the distance from 1 to the next number.
func (s *suite) unit() float64 {
	if s.dt == kernels.Float64 {
		return 0x1p-53
	}
	return 0x1p-24
}

// round is v as the device's type holds it.
func (s *suite) round(v float64) float64 {
	if s.dt == kernels.Float32 {
		return float64(float32(v))
	}
	return v
}

// normal is n random numbers that both types hold exactly.
func (s *suite) normal(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(s.rng.NormFloat64()))
	}
	return x
}

// indices is n random whole numbers in [from, to).
func (s *suite) indices(n, from, to int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(from + s.rng.IntN(max(1, to-from)))
	}
	return x
}

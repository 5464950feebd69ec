package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/nlpodyssey/safetensors"

	"drift/kernels"
)

// readFloats fills dst with the elements of a tensor.
func readFloats(r io.Reader, t safetensors.DType, dst []float64) error {
	width := int(t.Size())
	buffer := make([]byte, min(len(dst), 1<<16)*width)
	for len(dst) > 0 {
		n := min(len(dst), len(buffer)/width)
		if _, err := io.ReadFull(r, buffer[:n*width]); err != nil {
			return err
		}
		for i := range n {
			dst[i] = widen[t](buffer[i*width:])
		}
		dst = dst[n:]
	}
	return nil
}

// widen reads one little-endian element.
var widen = map[safetensors.DType]func([]byte) float64{
	safetensors.F64: func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	safetensors.F32: func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	safetensors.BF16: func(b []byte) float64 {
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	},
	safetensors.F16: func(b []byte) float64 { return half(binary.LittleEndian.Uint16(b)) },
}

// half is the value of an IEEE 754 binary16: that of a float32 with the same bits, whose exponent counts from 112 less.
func half(bits uint16) float64 {
	sign, magnitude := uint32(bits>>15)<<31, uint32(bits&0x7fff)<<13
	if bits&0x7c00 == 0x7c00 { // an infinity or NaN
		return float64(math.Float32frombits(sign | magnitude | 0x7f800000))
	}
	return float64(math.Float32frombits(sign|magnitude)) * 0x1p112
}

// finite refuses elements that are not, or would not be once they are rounded to dt.
func finite(name string, values []float64, dt kernels.DType) error {
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("element %d of tensor %q is %v: the run that wrote it diverged, or the file is damaged", i, name, x)
		}
		if dt == kernels.Float32 && math.IsInf(float64(float32(x)), 0) {
			return fmt.Errorf("element %d of tensor %q is %g, more than float32 holds: compute in float64", i, name, x)
		}
	}
	return nil
}

package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/nlpodyssey/safetensors"

	"drift/data/binary16"
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
	safetensors.F16: func(b []byte) float64 { return binary16.Float64(binary.LittleEndian.Uint16(b)) },
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

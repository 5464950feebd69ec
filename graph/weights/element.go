package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"drift/data/binary16"
	"drift/kernels"
)

// element is a type of floating-point number in a file, little-endian.
type element struct {
	size  int
	widen func([]byte) float64
}

var (
	float64s = &element{8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }}
	float32s = &element{4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }}
	float16s = &element{2, func(b []byte) float64 { return binary16.Float64(binary.LittleEndian.Uint16(b)) }}
	bfloats  = &element{2, func(b []byte) float64 { return binary16.BrainFloat64(binary.LittleEndian.Uint16(b)) }}
)

// read fills dst with the elements that lie one behind the other at a place of r.
func (e *element) read(r io.ReaderAt, at int64, dst []float64) error {
	buffer := make([]byte, min(len(dst), 1<<16)*e.size)
	for len(dst) > 0 {
		n := min(len(dst), len(buffer)/e.size)
		if _, err := r.ReadAt(buffer[:n*e.size], at); err != nil {
			return err
		}
		for i := range n {
			dst[i] = e.widen(buffer[i*e.size:])
		}
		dst, at = dst[n:], at+int64(n*e.size)
	}
	return nil
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

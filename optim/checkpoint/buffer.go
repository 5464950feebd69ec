package checkpoint

import (
	"fmt"

	"drift/kernels"
)

// Put adds what a buffer holds, without rounding.
func (v Vectors) Put(name string, b kernels.Buffer) error {
	if b.DType() == kernels.Float64 {
		values := make([]float64, b.Len())
		v[name] = values
		return b.Read(values)
	}
	values := make([]float32, b.Len())
	v[name] = values
	return b.Read(values)
}

// Take fills a buffer from a vector, which must be of the same type and length.
func (v Vectors) Take(name string, into kernels.Buffer) error {
	n, dtype := -1, kernels.Float32
	switch values := v[name].(type) {
	case []float32:
		n = len(values)
	case []float64:
		n, dtype = len(values), kernels.Float64
	}
	if n != into.Len() || dtype != into.DType() {
		return fmt.Errorf("restoring the checkpoint: it has no %q of %d %v: it belongs to a run with other settings", name, into.Len(), into.DType())
	}
	return into.Write(v[name])
}

// Numbers is a vector of n float64.
func (v Vectors) Numbers(name string, n int) ([]float64, error) {
	values, ok := v[name].([]float64)
	if !ok || len(values) != n {
		return nil, fmt.Errorf("restoring the checkpoint: it has no %q of %d numbers: it belongs to a run with other settings", name, n)
	}
	return values, nil
}

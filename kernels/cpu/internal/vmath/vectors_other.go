//go:build !amd64

package vmath

var (
	vectors32 = [...]*vectors[float32]{nil}
	vectors64 = [...]*vectors[float64]{nil}
)

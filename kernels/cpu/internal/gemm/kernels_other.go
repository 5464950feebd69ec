//go:build !amd64 && !arm64

package gemm

var (
	kernels32 = [...]kernel[float32]{portable[float32]()}
	kernels64 = [...]kernel[float64]{portable[float64]()}
)

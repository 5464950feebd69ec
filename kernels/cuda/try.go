//go:build gpu

package cuda

import (
	"errors"

	"drift/kernels"
)

// Try starts a device, has it multiply with bias and activation and convolve in both types, and replay what it did, and reports what its libraries refused.
func Try(index int, o Options) (r Report, err error) {
	d, err := Open(index, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	w := kernels.Window{N: 2, C: 8, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	c := kernels.Conv{Window: w, O: 16}
	for _, dt := range []kernels.DType{kernels.Float32, kernels.Float64} {
		dense := kernels.Product{Gemm: kernels.Gemm{Batch: 1, M: 8, N: 16, K: 32, TransB: true, Alpha: 1}, Bias: true, Activation: kernels.ReLU}
		if err := try(d, dt, dense, c, kernels.ConvInput(c), kernels.ConvWeight(c)); err != nil {
			return r, err
		}
	}
	r, _ = ReportOf(d)
	return r, nil
}

// try runs primitives as one program twice: as single launches, and recorded.
func try(d kernels.Device, dt kernels.DType, ops ...kernels.Primitive) error {
	var calls []kernels.Call
	for _, op := range ops {
		call, free, err := kernels.Allocate(d, dt, op)
		if err != nil {
			return err
		}
		defer free()
		calls = append(calls, call)
	}
	e, err := d.Load(calls)
	if err != nil {
		return err
	}
	defer e.Close()
	for range 2 {
		if err := e.Run(); err != nil {
			return err
		}
	}
	return d.Synchronize()
}

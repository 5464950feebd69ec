package timing

import (
	"fmt"

	"drift/kernels"
)

// images is the convolutions and the pooling of the small network at its batch, forward and backward.
func images(dtype kernels.DType) []Case {
	const n, kernel, pooled = 128, 3, 2
	var all []Case
	for k, s := range []struct{ channels, size, out int }{{1, 28, 32}, {32, 14, 64}} {
		w := kernels.Window{N: n, C: s.channels, H: s.size, W: s.size, KH: kernel, KW: kernel, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
		flops := 2 * float64(n*w.OutH()*w.OutW()) * float64(s.out*s.channels*kernel*kernel)
		add := func(op, name string, p kernels.Primitive, flops float64) {
			all = append(all, Case{Name: fmt.Sprintf("conv%d/%s", k+1, name), Flops: flops,
				Request: request(dtype, op, n, s.channels, s.size, s.out, kernel), Open: primitive(dtype, p)})
		}
		add("conv", "forward", kernels.Conv{Window: w, O: s.out}, flops)
		add("conv_input", "input", kernels.ConvInput{Window: w, O: s.out}, flops)
		add("conv_weight", "weight", kernels.ConvWeight{Window: w, O: s.out}, flops)
		add("im2col", "im2col", kernels.Im2Col{Window: w}, 0)
	}
	w := kernels.Window{N: n, C: 32, H: 28, W: 28, KH: pooled, KW: pooled, StrideH: pooled, StrideW: pooled}
	return append(all,
		Case{Name: "maxpool/forward", Request: request(dtype, "max_pool", n, w.C, w.H, pooled), Open: maxPool(dtype, w)},
		Case{Name: "maxpool/backward", Request: request(dtype, "max_unpool", n, w.C, w.H, pooled),
			Open: primitive(dtype, kernels.MaxScatter{Window: w}, 0, pooled*pooled)})
}

// maxPool opens the search for the places of the maxima and their collection.
func maxPool(dtype kernels.DType, w kernels.Window) func(kernels.Device) (*Work, error) {
	return func(dev kernels.Device) (*Work, error) {
		o := &operands{dev: dev, dtype: dtype}
		pooled := w.N * w.C * w.OutH() * w.OutW()
		x, places, y := o.input(w.N*w.C*w.H*w.W, 0), o.indices(pooled, w.KH*w.KW), o.empty(pooled)
		return o.open(kernels.Call{Op: kernels.MaxIndex{Window: w}, Out: []kernels.Buffer{places}, In: []kernels.Buffer{x}},
			kernels.Call{Op: kernels.MaxGather{Window: w}, Out: []kernels.Buffer{y}, In: []kernels.Buffer{x, places}})
	}
}

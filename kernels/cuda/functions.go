//go:build gpu

package cuda

import (
	"bytes"
	"fmt"
	"strings"

	"gorgonia.org/cu"

	"drift/kernels"
	"drift/kernels/cuda/driver"
	"drift/kernels/cuda/ptx"
)

// family says which PTX file holds a kernel.
var family = map[string]*string{
	"softmax": &ptx.Rows, "crossentropy": &ptx.Rows, "correct": &ptx.Rows, "pick": &ptx.Rows, "place": &ptx.Rows,
	"attention": &ptx.Attention, "attention_dots": &ptx.Attention, "attention_queries": &ptx.Attention, "attention_keys": &ptx.Attention,
	"attention_means": &ptx.AttentionHVP, "attention_tangent": &ptx.AttentionHVP, "attention_hvp_queries": &ptx.AttentionHVP, "attention_hvp_keys": &ptx.AttentionHVP,
	"gather": &ptx.Table, "gathernarrow": &ptx.Table, "scatter": &ptx.Table, "cast": &ptx.Table, "number": &ptx.Table, "known": &ptx.Table,
	"unpack":  &ptx.Unpack,
	"uniform": &ptx.Random,
	"permute": &ptx.Move, "transpose": &ptx.Move, "slice": &ptx.Move, "pad": &ptx.Move,
	"copies": &ptx.Copies,
	"im2col": &ptx.Window, "col2im": &ptx.Window, "windowgram": &ptx.Window, "pixelgram": &ptx.Window,
	"maxpool": &ptx.Pool, "maxgather": &ptx.Pool, "maxscatter": &ptx.Pool, "maxspread": &ptx.Pool,
	"avgpool": &ptx.Pool, "avgunpool": &ptx.Pool,
}

// functions are the modules that the driver has compiled so far: a family is compiled when one of its kernels is first asked
// for. The driver keeps what it compiled in its own cache on disk.
type functions map[*string]cu.Module

func (f functions) get(kernel string, dt kernels.DType) (cu.Function, error) {
	image := family[kernel]
	module, ok := f[image]
	if !ok {
		var err error
		if module, err = load(*image); err != nil {
			return cu.Function{}, err
		}
		f[image] = module
	}
	if image == &ptx.Move && dt == kernels.Int32 {
		dt = kernels.Float32 // elements of the same size
	}
	name := kernel + [...]string{kernels.Float32: "_f32", kernels.Float64: "_f64", kernels.Int32: "_i32", kernels.BFloat16: "_b16"}[dt]
	function, err := module.Function(name)
	if err != nil {
		return cu.Function{}, fmt.Errorf("kernel %s: %w", name, err)
	}
	return function, nil
}

// load has the driver compile a text.
func load(image string) (cu.Module, error) {
	log := cu.JITErrorLogBuffer{Buffer: make([]byte, 1024)}
	module, err := cu.LoadDataEx(image, &log)
	if err != nil {
		text, _, _ := bytes.Cut(log.Buffer, []byte{0})
		err = fmt.Errorf("the driver refuses the kernels: %w %s; update it to one for CUDA 11.8 or later",
			driver.Explain(err), strings.Join(strings.Fields(string(text)), " "))
	}
	return module, err
}

func (f functions) close() {
	for _, m := range f {
		m.Unload()
	}
}

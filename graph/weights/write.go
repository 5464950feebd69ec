package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/nlpodyssey/safetensors"

	"drift/graph/objective"
	"drift/kernels"
)

// Vector is a flat vector in the layout of a model's parameters, with the kind that precedes the names of its tensors: tensors
// of kind "grad" are named "grad.0.weight", those of kind "" as the parameters.
type Vector struct {
	Kind   string
	Values []float64
}

// Write writes vectors, the parameters themselves as Vector{Values: θ}, as a safetensors file that Load and PyTorch read.
func Write(w io.Writer, params []objective.Param, dt kernels.DType, vectors ...Vector) error {
	size := objective.NumParams(params)
	views := make(map[string]view, len(vectors)*len(params))
	for _, v := range vectors {
		if err := fitting(v.Values, size); err != nil {
			return err
		}
		prefix := v.Kind
		if prefix != "" {
			prefix += "."
		}
		for _, p := range params {
			views[prefix+p.Name] = view{v.Values[p.Offset : p.Offset+p.Len], p.FileShape(), dt}
		}
	}
	return safetensors.SerializeToWriter(views, map[string]string{"format": "pt"}, w)
}

func fitting(values []float64, size int) error {
	if len(values) != size {
		return fmt.Errorf("writing tensors: a vector has %d elements but the model %d parameters", len(values), size)
	}
	return nil
}

// view is a tensor to be written; its bytes come into being when they are.
type view struct {
	values []float64
	shape  []int
	dtype  kernels.DType
}

var _ safetensors.View = view{}

func (v view) DType() safetensors.DType {
	if v.dtype == kernels.Float64 {
		return safetensors.F64
	}
	return safetensors.F32
}

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.shape))
	for i, d := range v.shape {
		shape[i] = uint64(d)
	}
	return shape
}

func (v view) DataLen() uint64 { return uint64(len(v.values) * v.dtype.Size()) }

func (v view) Data() []byte {
	b := make([]byte, 0, v.DataLen())
	for _, x := range v.values {
		if v.dtype == kernels.Float64 {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		} else {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(x)))
		}
	}
	return b
}

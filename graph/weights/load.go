// Package weights reads and writes parameters, and other vectors in their layout, as safetensors files under the names
// that PyTorch gives them.
package weights

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/nlpodyssey/safetensors"

	"drift/graph/objective"
	"drift/kernels"
)

// maxHeader is the most bytes of a header that are read: a tensor takes about a hundred.
const maxHeader = 16 << 20

// Load reads parameters from a safetensors file, whose tensors F64, F32, F16 or BF16 must have the names and shapes of params,
// all of them and no others, and elements that dt holds. Memory is taken for params, never for what a header claims.
func Load(path string, params []objective.Param, dt kernels.DType) ([]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	theta, err := layout(params).read(f, info.Size(), dt)
	if err != nil {
		return nil, fmt.Errorf("reading weights %s: %w", path, err)
	}
	return theta, nil
}

// layout is the parameters of a model as a file must hold them.
type layout []objective.Param

func (l layout) read(r io.ReaderAt, size int64, dt kernels.DType) ([]float64, error) {
	tensors, start, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	if err := l.match(tensors); err != nil {
		return nil, err
	}
	if err := checkExtents(tensors, uint64(size-start)); err != nil {
		return nil, err
	}
	theta := make([]float64, objective.NumParams(l))
	for _, p := range l {
		t := tensors[p.Name]
		section := io.NewSectionReader(r, start+int64(t.DataOffsets[0]), int64(t.DataOffsets[1]-t.DataOffsets[0]))
		if err := readFloats(section, t.DType, theta[p.Offset:p.Offset+p.Len]); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", p.Name, err)
		}
	}
	for _, p := range l {
		if err := finite(p.Name, theta[p.Offset:p.Offset+p.Len], dt); err != nil {
			return nil, err
		}
	}
	return theta, nil
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

// readHeader reads the list of tensors and says where their data start. The length that the file claims for its header
// is checked against the file's size before the library sees anything.
func readHeader(r io.ReaderAt, size int64) (tensors map[string]*safetensors.TensorInfo, start int64, err error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, 0, fmt.Errorf("%d bytes are no safetensors file", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, 0, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > uint64(size-8) || n > maxHeader {
		return nil, 0, fmt.Errorf("it claims a header of %d bytes in a file of %d (at most %d are read): not a safetensors file, or cut short",
			n, size, maxHeader)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, 0, err
	}
	var metadata safetensors.Metadata
	if err := json.Unmarshal(header, &metadata); err != nil {
		return nil, 0, fmt.Errorf("its header is damaged: %.200q", err.Error())
	}
	return metadata.Tensors(), 8 + int64(n), nil
}

// match checks names, shapes and types against the model.
func (l layout) match(tensors map[string]*safetensors.TensorInfo) error {
	foreign := maps.Clone(tensors)
	for _, p := range l {
		delete(foreign, p.Name)
		if norm, ok := strings.CutSuffix(p.Name, "running_var"); ok {
			delete(foreign, norm+"num_batches_tracked") // which PyTorch keeps beside it for training
		}
	}
	for _, p := range l {
		t := tensors[p.Name]
		if t == nil && len(foreign) > 0 {
			return fmt.Errorf("tensor %q is missing, and %.60q is not one of the model's", p.Name, slices.Min(slices.Collect(maps.Keys(foreign))))
		}
		if t == nil {
			return fmt.Errorf("tensor %q is missing: the model has %d tensors, the file %d", p.Name, len(l), len(tensors))
		}
		if !slices.EqualFunc(t.Shape, p.FileShape(), func(a uint64, b int) bool { return a == uint64(b) }) {
			return fmt.Errorf("tensor %q has shape %.40s but the model needs %s", p.Name, fmt.Sprint(t.Shape), strings.ReplaceAll(fmt.Sprint(p.FileShape()), " ", ","))
		}
		if widen[t.DType] == nil {
			return fmt.Errorf("tensor %q holds %s: only F64, F32, F16 and BF16 are read", p.Name, t.DType)
		}
		if n := t.DataOffsets[1] - t.DataOffsets[0]; t.DataOffsets[1] < t.DataOffsets[0] || n != uint64(p.Len)*t.DType.Size() {
			return fmt.Errorf("tensor %q of %d elements has %d bytes: the file is damaged", p.Name, p.Len, n)
		}
	}
	if len(foreign) > 0 {
		return fmt.Errorf("tensor %.60q is not one of the model's %d: the file belongs to another model",
			slices.Min(slices.Collect(maps.Keys(foreign))), len(l))
	}
	return nil
}

// checkExtents checks that the tensors tile the data, of so many bytes.
func checkExtents(tensors map[string]*safetensors.TensorInfo, size uint64) error {
	extents := make([][2]uint64, 0, len(tensors))
	for _, t := range tensors {
		extents = append(extents, t.DataOffsets)
	}
	slices.SortFunc(extents, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	at := uint64(0)
	for _, e := range extents {
		if e[0] != at {
			return fmt.Errorf("its tensors overlap or leave gaps at byte %d: the file is damaged", at)
		}
		at = e[1]
	}
	if at != size {
		return fmt.Errorf("it holds %d bytes of tensors where its header says %d: it is cut short or damaged", size, at)
	}
	return nil
}

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

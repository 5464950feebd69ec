// Package weights reads and writes parameters, and other vectors in their layout, as safetensors files under the names
// that PyTorch gives them.
package weights

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

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
	data := &file{r, start, tensors}
	theta := make([]float64, objective.NumParams(l))
	for _, p := range l {
		values := theta[p.Offset : p.Offset+p.Len]
		if err := data.read(p.Name, values); err != nil {
			return nil, err
		}
		if err := finite(p.Name, values, dt); err != nil {
			return nil, err
		}
		if err := data.agree(p, values); err != nil {
			return nil, err
		}
	}
	return theta, nil
}

// file is an open file whose header was read.
type file struct {
	r       io.ReaderAt
	start   int64 // of the data
	tensors map[string]*safetensors.TensorInfo
}

// read fills dst with a tensor.
func (f *file) read(name string, dst []float64) error {
	t := f.tensors[name]
	section := io.NewSectionReader(f.r, f.start+int64(t.DataOffsets[0]), int64(t.DataOffsets[1]-t.DataOffsets[0]))
	if err := readFloats(section, t.DType, dst); err != nil {
		return fmt.Errorf("tensor %q: %w", name, err)
	}
	return nil
}

// agree checks that what the file holds of a parameter under other names is the same.
func (f *file) agree(p objective.Param, values []float64) error {
	for _, name := range p.Also {
		if f.tensors[name] == nil {
			continue
		}
		again := make([]float64, p.Len)
		if err := f.read(name, again); err != nil {
			return err
		}
		if !slices.Equal(again, values) {
			return fmt.Errorf("tensors %q and %q differ, but in the model they are one parameter", p.Name, name)
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

package weights

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/nlpodyssey/safetensors"
)

// maxHeader is the most bytes of a header that are read: a tensor takes about a hundred.
const maxHeader = 16 << 20

var safetensorsElements = map[safetensors.DType]*element{
	safetensors.F64: float64s, safetensors.F32: float32s, safetensors.F16: float16s, safetensors.BF16: bfloats,
}

// listSafetensors lists the tensors of a safetensors file, in the order of their data.
func listSafetensors(r io.ReaderAt, size int64) ([]*tensor, error) {
	infos, start, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	data := io.NewSectionReader(r, start, size-start)
	var tensors []*tensor
	for name, info := range infos {
		t := &tensor{name: name, kind: info.DType.String(), elements: safetensorsElements[info.DType], data: data, offset: int64(info.DataOffsets[0])}
		for _, d := range info.Shape {
			t.shape = append(t.shape, int(min(d, maxElements+1)))
		}
		bytes := info.DataOffsets[1] - info.DataOffsets[0]
		if n := t.len(); n < 0 || info.DataOffsets[1] < info.DataOffsets[0] || bytes != uint64(n)*info.DType.Size() {
			return nil, fmt.Errorf("tensor %.60q of shape %.40s and type %s has %d bytes: the file is damaged", name, fmt.Sprint(info.Shape), info.DType, int64(bytes))
		}
		tensors = append(tensors, t)
	}
	if err := checkExtents(infos, uint64(size-start)); err != nil {
		return nil, err
	}
	slices.SortFunc(tensors, func(a, b *tensor) int {
		if a.offset != b.offset {
			return int(a.offset - b.offset)
		}
		return slices.Compare([]byte(a.name), []byte(b.name)) // where one is empty
	})
	return tensors, nil
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
		return nil, 0, fmt.Errorf("it claims a header of %d bytes in a file of %d (at most %d are read): not a file of safetensors or torch.save, or cut short",
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

// checkExtents checks that the tensors tile the data exactly.
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

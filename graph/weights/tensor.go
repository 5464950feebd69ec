package weights

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"drift/data/untrusted"
)

// tensor is one of a file: where its elements lie, and what they are.
type tensor struct {
	name     string
	shape    []int
	kind     string   // of its elements, as the file calls it
	elements *element // nil: not floating-point numbers
	data     io.ReaderAt
	offset   int64 // of the first element in data, in bytes
	strides  []int64
	whole    func() error // checks data against its checksum; nil without one
}

// len is the number of elements, −1 where an int does not hold it.
func (t *tensor) len() int {
	n := 1
	for _, d := range t.shape {
		if d < 0 || d > 0 && n > maxElements/d {
			return -1
		}
		n *= d
	}
	return n
}

// maxElements is the most elements of a tensor that are read; kernels index by 32 bits.
const maxElements = 1<<31 - 1

// read fills dst, one number for each element in row-major order.
func (t *tensor) read(dst []float64) error {
	err := t.readAny(dst)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return nil
}

func (t *tensor) readAny(dst []float64) error {
	if t.whole != nil {
		if err := t.whole(); err != nil {
			return err
		}
	}
	if t.contiguous() {
		return t.elements.read(t.data, t.offset, dst)
	}
	return t.readStrided(dst)
}

// contiguous tells whether the elements lie in row-major order.
func (t *tensor) contiguous() bool {
	step := int64(1)
	for i := len(t.strides) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != step {
			return false
		}
		step *= int64(t.shape[i])
	}
	return true
}

// readStrided reads elements in any order: all that lie between the first and the last, and then each from its place.
func (t *tensor) readStrided(dst []float64) error {
	size, last := int64(t.elements.size), int64(0)
	for i, d := range t.shape {
		last += int64(d-1) * t.strides[i]
	}
	raw := make([]byte, (last+1)*size)
	if _, err := t.data.ReadAt(raw, t.offset); err != nil {
		return err
	}
	index, at := make([]int, len(t.shape)), int64(0)
	for k := range dst {
		dst[k] = t.elements.widen(raw[at*size:])
		for i := len(index) - 1; i >= 0; i-- {
			index[i]++
			at += t.strides[i]
			if index[i] < t.shape[i] {
				break
			}
			at -= int64(index[i]) * t.strides[i]
			index[i] = 0
		}
	}
	return nil
}

// file is an open file of weights. Close ends what its tensors read from.
type file struct {
	io.Closer
	tensors []*tensor // in the order of the file
}

// open reads what a file holds: safetensors, or what PyTorch's torch.save has written.
func open(path string) (*file, error) {
	f, info, err := untrusted.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	tensors, err := list(f, info.Size())
	trim(tensors)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading weights %s: %w", path, err)
	}
	return &file{f, tensors}, nil
}

// list reads the tensors of a file, of whichever format its first bytes tell.
func list(r io.ReaderAt, size int64) ([]*tensor, error) {
	var first [8]byte
	n, err := r.ReadAt(first[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch magic := string(first[:n]); {
	case strings.HasPrefix(magic, "PK\x03\x04"), strings.HasPrefix(magic, "PK\x05\x06"):
		return listTorch(r, size)
	case strings.HasPrefix(magic, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46"):
		return nil, errors.New("PyTorch wrote it in its format of before version 1.6: load it there and save it again with torch.save")
	}
	return listSafetensors(r, size)
}

// trim takes off what DistributedDataParallel and torch.compile put before all names.
func trim(tensors []*tensor) {
	for _, prefix := range []string{"module.", "_orig_mod.", "module.", "_orig_mod."} {
		lacks := func(t *tensor) bool { return t.elements != nil && !strings.HasPrefix(t.name, prefix) }
		if slices.ContainsFunc(tensors, lacks) {
			continue
		}
		for _, t := range tensors {
			t.name = strings.TrimPrefix(t.name, prefix)
		}
	}
}

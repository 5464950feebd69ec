package data

import (
	"errors"
	"fmt"
	"io"

	"drift/data/pickle"
)

// cifarPickles is the layout of CIFAR's files for Python: dictionaries with pixels "data", uint8 [N,3072], and labels.
type cifarPickles struct {
	dir         string // inside the archive
	train, test []string
	key         string // of the labels
}

// maxPickle bounds a file, of which all is read at once; CIFAR's have up to 155 MB.
const maxPickle = 1 << 30

// read appends the examples of a file until there are limit of them.
func (c cifarPickles) read(r io.Reader, limit int, x []byte, labels []float64) ([]byte, []float64, error) {
	if len(labels) >= limit {
		return x, labels, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxPickle+1))
	if err == nil && len(raw) > maxPickle {
		err = fmt.Errorf("more than %d bytes", maxPickle)
	}
	if err != nil {
		return x, labels, err
	}
	value, err := pickle.Decode(raw)
	if err != nil {
		return x, labels, err
	}
	batch, ok := value.(*pickle.Dict)
	if !ok {
		return x, labels, errors.New("want a dictionary of data and labels")
	}
	pixels, err := pickledBytes(batch.Get("data"))
	if err != nil {
		return x, labels, fmt.Errorf("data: %w", err)
	}
	list, ok := batch.Get(c.key).(*pickle.List)
	if !ok {
		return x, labels, fmt.Errorf("there is no list of %s", c.key)
	}
	if len(pixels) != len(list.Items)*cifarPixels {
		return x, labels, fmt.Errorf("%d labels and %d pixels: want %d pixels for each", len(list.Items), len(pixels), cifarPixels)
	}
	for i, item := range list.Items {
		label, ok := item.(int64)
		if !ok {
			return x, labels, fmt.Errorf("label %d is of type %T, want a whole number", i, item)
		}
		if len(labels) == limit {
			break
		}
		labels, x = append(labels, float64(label)), append(x, pixels[i*cifarPixels:(i+1)*cifarPixels]...)
	}
	return x, labels, nil
}

// pickledBytes is a pickled NumPy array of uint8 [N,D] in row-major order: one that is reconstructed from a state, or, from protocol 5 on, made of a
// buffer.
func pickledBytes(value any) ([]byte, error) {
	array, _ := value.(*pickle.Object)
	switch {
	case array == nil:
	case isGlobal(array.Call, "_reconstruct"):
		// A version, the shape, dtype, whether the first index runs fastest, and the bytes.
		state, _ := array.State.(pickle.Tuple)
		if len(state) != 5 {
			return nil, errors.New("want a NumPy array with its numbers")
		}
		return arrayBytes(state[1], state[2], state[3] == any(false) || state[3] == any(int64(0)), state[4])
	case isGlobal(array.Call, "_frombuffer"):
		// The bytes, dtype, shape, and C or F for the order.
		if len(array.Args) != 4 {
			return nil, errors.New("want a NumPy array with its numbers")
		}
		return arrayBytes(array.Args[2], array.Args[1], array.Args[3] == any("C"), array.Args[0])
	}
	return nil, errors.New("want a NumPy array")
}

// arrayBytes is the numbers of an array that a pickle describes.
func arrayBytes(shape, dtype any, rowMajor bool, numbers any) ([]byte, error) {
	kind, _ := dtype.(*pickle.Object)
	if kind == nil || !isGlobal(kind.Call, "dtype") || len(kind.Args) < 1 || text(kind.Args[0]) != "u1" {
		return nil, errors.New("want an array of uint8")
	}
	if !rowMajor {
		return nil, errors.New("want an array in row-major order")
	}
	sizes, _ := shape.(pickle.Tuple)
	size := int64(1)
	for _, d := range sizes {
		n, ok := d.(int64)
		if !ok || n < 0 || n > maxElements || size*n > maxElements {
			return nil, errors.New("want an array of a shape of whole numbers, fewer than 2³¹ in all")
		}
		size *= n
	}
	var raw []byte
	switch v := numbers.(type) {
	case []byte:
		raw = v
	case string: // of Python 2
		raw = []byte(v)
	default:
		return nil, errors.New("want an array of numbers in bytes")
	}
	if int64(len(raw)) != size {
		return nil, fmt.Errorf("%d bytes for an array of %d", len(raw), size)
	}
	return raw, nil
}

// text is a string of either kind of Python.
func text(value any) string {
	if raw, ok := value.([]byte); ok {
		return string(raw)
	}
	s, _ := value.(string)
	return s
}

func isGlobal(value any, name string) bool {
	global, ok := value.(pickle.Global)
	return ok && global.Name == name
}

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

// pickledBytes is a pickled NumPy array of uint8 [N,D] in row-major order.
func pickledBytes(value any) ([]byte, error) {
	array, _ := value.(*pickle.Object)
	if array == nil || !isGlobal(array.Call, "_reconstruct") {
		return nil, errors.New("want a NumPy array")
	}
	// The state of an array: a version, its shape, dtype, whether the first index runs fastest, and its bytes.
	state, _ := array.State.(pickle.Tuple)
	if len(state) != 5 {
		return nil, errors.New("want a NumPy array with its numbers")
	}
	dtype, _ := state[2].(*pickle.Object)
	if dtype == nil || !isGlobal(dtype.Call, "dtype") || len(dtype.Args) < 1 || dtype.Args[0] != any("u1") {
		return nil, errors.New("want an array of uint8")
	}
	if state[3] != any(false) && state[3] != any(int64(0)) {
		return nil, errors.New("want an array in row-major order")
	}
	shape, _ := state[1].(pickle.Tuple)
	size := int64(1)
	for _, d := range shape {
		n, ok := d.(int64)
		if !ok || n < 0 || n > maxElements || size*n > maxElements {
			return nil, errors.New("want an array of a shape of whole numbers, fewer than 2³¹ in all")
		}
		size *= n
	}
	raw, err := rawBytes(state[4])
	if err == nil && int64(len(raw)) != size {
		err = fmt.Errorf("%d bytes for an array of %d", len(raw), size)
	}
	return raw, err
}

func isGlobal(value any, name string) bool {
	global, ok := value.(pickle.Global)
	return ok && global.Name == name
}

// rawBytes are bytes as either Python pickles them: protocol 2 has none, and makes them of the characters 0 to 255.
func rawBytes(value any) ([]byte, error) {
	switch v := value.(type) {
	case []byte:
		return v, nil
	case string:
		return []byte(v), nil
	case *pickle.Object:
		if isGlobal(v.Call, "encode") && len(v.Args) == 2 {
			if text, ok := v.Args[0].(string); ok {
				return latin1(text)
			}
		}
	}
	return nil, errors.New("want bytes")
}

func latin1(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 255 {
			return nil, errors.New("want bytes, got a text")
		}
		out = append(out, byte(c))
	}
	return out, nil
}

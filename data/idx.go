package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

func idxSource() Source {
	return Source{
		Name: "idx", Path: "DIR",
		About:   "the IDX files, gzipped or not, train-images*, train-labels* and, if there, t10k-images*, t10k-labels*; bytes become 0 to 1",
		Options: []Option{{"classes", "largest label + 1", "number of classes"}},
		load: func(r *request) (*Split, error) {
			dir, err := r.userPath()
			if err != nil {
				return nil, err
			}
			return r.loadIDX(dir, r.count("classes", 0, 1, maxWidth))
		},
	}
}

// idxNumbers are the number formats of the third byte of an IDX file (LeCun, Cortes, Burges, "The MNIST database").
var idxNumbers = map[byte]number{
	0x08: {'u', 1, binary.BigEndian}, 0x09: {'i', 1, binary.BigEndian}, 0x0b: {'i', 2, binary.BigEndian},
	0x0c: {'i', 4, binary.BigEndian}, 0x0d: {'f', 4, binary.BigEndian}, 0x0e: {'f', 8, binary.BigEndian},
}

// readIDX reads the first examples, at most limit, of an IDX file: their format and shape, the number of examples first.
func readIDX[T float32 | float64](r io.Reader, limit int) (t number, shape []int, values []T, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || magic[0] != 0 || magic[1] != 0 {
		return t, nil, nil, errors.New("not an IDX file: it does not start with two zero bytes")
	}
	t, known := idxNumbers[magic[2]]
	if !known || magic[3] < 1 || magic[3] > 4 {
		return t, nil, nil, fmt.Errorf("not an IDX file of 1 to 4 dimensions: type %#x, %d dimensions", magic[2], magic[3])
	}
	dims := make([]uint32, magic[3])
	if err := binary.Read(r, binary.BigEndian, dims); err != nil {
		return t, nil, nil, errors.New("the file ends within its header")
	}
	for _, d := range dims {
		shape = append(shape, int(d))
	}
	if _, err := volume(shape); err != nil {
		return t, nil, nil, err
	}
	whole := limit >= shape[0]
	shape[0] = min(shape[0], limit)
	count, _ := volume(shape)
	if values, err = readNumbers[T](r, t, count); err == nil && whole {
		err = atEnd(r)
	}
	return t, shape, values, err
}

// idxFile reads the file in dir that matches the pattern.
func idxFile[T float32 | float64](dir, pattern string, limit int) (t number, shape []int, values []T, err error) {
	path, err := match(dir, pattern)
	if err != nil {
		return t, nil, nil, err
	}
	f, err := openFile(path)
	if err != nil {
		return t, nil, nil, err
	}
	defer f.Close()
	if t, shape, values, err = readIDX[T](f, limit); err != nil {
		err = fmt.Errorf("reading %s: %w", path, err)
	}
	return t, shape, values, err
}

// loadIDX reads the four files of a folder. A folder that the user names may lack the test part.
func (r *request) loadIDX(dir string, classes int) (*Split, error) {
	if r.err != nil {
		return nil, r.err
	}
	train, labels, err := idxPart(dir, "train", r.limit(r.train))
	if err != nil {
		return nil, err
	}
	if _, err := match(dir, "t10k-images*"); errors.Is(err, fs.ErrNotExist) && r.Path != "" {
		return r.classification(classes, train, Set{Shape: train.Shape}, labels, nil)
	}
	test, testLabels, err := idxPart(dir, "t10k", r.limit(r.test))
	if err != nil {
		return nil, err
	}
	return r.classification(classes, train, test, labels, testLabels)
}

// idxPart reads the first images and labels, at most limit, named for example train-images* and train-labels*.
func idxPart(dir, prefix string, limit int) (Set, []float64, error) {
	t, shape, x, err := idxFile[float32](dir, prefix+"-images*", limit)
	if err != nil {
		return Set{}, nil, err
	}
	_, labelShape, labels, err := idxFile[float64](dir, prefix+"-labels*", limit)
	if err != nil {
		return Set{}, nil, err
	}
	if len(labelShape) != 1 || len(shape) < 2 || labelShape[0] != shape[0] {
		return Set{}, nil, fmt.Errorf("%s/%s-*: images of shape %v do not go with labels of shape %v", dir, prefix, shape, labelShape)
	}
	if t.kind == 'u' {
		for i := range x {
			x[i] /= 255
		}
	}
	example := shape[1:]
	if len(example) == 2 {
		example = []int{1, example[0], example[1]}
	}
	return Set{Shape: example, X: x}, labels, nil
}

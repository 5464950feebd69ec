package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"drift/data/sizes"
	"drift/data/untrusted"
)

func idxSource() Source {
	return Source{
		Name: "idx", Path: "DIR",
		About: "IDX files, gzipped or not: train-images*, train-labels* and optionally t10k- or test-images*, -labels*, " +
			"all perhaps behind a name such as emnist-letters-; DIR/NAME chooses among several",
		Options: []Option{
			{"classes", "largest label + 1", "number of classes"},
			layoutOption(),
			{"scale", "255 for bytes, else 1", "divisor of the inputs"},
			streamOption(),
		},
		load: func(r *request) (*Split, error) {
			classes := r.count("classes", 0, 1, maxWidth)
			layout, scale := r.idxFormat()
			if r.err != nil {
				return nil, r.err
			}
			folder, err := r.idxFolder()
			if err != nil {
				return nil, err
			}
			return r.loadIDX(folder, classes, layout, scale)
		},
	}
}

// idxFormat is the options of images. A scale of 0 is 255 for bytes, else 1.
func (r *request) idxFormat() (layout string, scale float64) {
	if _, given := r.Options["scale"]; given {
		scale = r.scale(1)
	}
	return r.choice("layout", "", "chw", "hwc"), scale
}

// idxNumbers are the number formats of the third byte of an IDX file (LeCun, Cortes, Burges, "The MNIST database").
var idxNumbers = map[byte]number{
	0x08: {'u', 1, binary.BigEndian}, 0x09: {'i', 1, binary.BigEndian}, 0x0b: {'i', 2, binary.BigEndian},
	0x0c: {'i', 4, binary.BigEndian}, 0x0d: {'f', 4, binary.BigEndian}, 0x0e: {'f', 8, binary.BigEndian},
}

// readIDXHeader reads the format and the shape of an IDX file, the number of examples first.
func readIDXHeader(r io.Reader) (t number, shape []int, err error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || magic[0] != 0 || magic[1] != 0 {
		return t, nil, errors.New("not an IDX file: it does not start with two zero bytes")
	}
	t, known := idxNumbers[magic[2]]
	if !known || magic[3] < 1 || magic[3] > 4 {
		return t, nil, fmt.Errorf("not an IDX file of 1 to 4 dimensions: type %#x, %d dimensions", magic[2], magic[3])
	}
	dims := make([]uint32, magic[3])
	if err := binary.Read(r, binary.BigEndian, dims); err != nil {
		return t, nil, errors.New("the file ends within its header")
	}
	for _, d := range dims {
		shape = append(shape, int(d))
	}
	_, err = sizes.Product(shape, maxStored)
	return t, shape, err
}

// readIDX reads the first examples, at most limit, of an IDX file.
func readIDX(r io.Reader, limit int) (t number, shape []int, values Values, err error) {
	if t, shape, err = readIDXHeader(r); err != nil {
		return t, nil, values, err
	}
	whole := limit >= shape[0]
	shape[0] = min(shape[0], limit)
	count, err := volume(shape)
	if err != nil {
		return t, nil, values, err
	}
	if values, err = readStored(r, t, count); err == nil && whole {
		err = atEnd(r)
	}
	return t, shape, values, err
}

// idxFile reads a file.
func idxFile(path string, limit int) (t number, shape []int, values Values, err error) {
	err = readFile(path, func(f io.Reader) (err error) {
		t, shape, values, err = readIDX(f, limit)
		return err
	})
	return t, shape, values, err
}

// loadIDX reads the files of a folder. A folder that the user names may lack the test part.
func (r *request) loadIDX(folder idxFolder, classes int, layout string, scale float64) (*Split, error) {
	files, err := folder.find("train")
	if err != nil {
		return nil, err
	}
	train, labels, err := r.idxPart(files, r.limit(r.train), layout, scale)
	if err != nil {
		return nil, err
	}
	files, err = idxFolder{folder.dir, files.set, true}.find("t10k", "test")
	if errors.Is(err, fs.ErrNotExist) && r.Path != "" && files.images == "" {
		return r.classification(classes, train, Set{Shape: train.Shape}, labels, nil)
	}
	if err != nil {
		return nil, err
	}
	test, testLabels, err := r.idxPart(files, r.limit(r.test), layout, scale)
	if err != nil {
		return nil, err
	}
	return r.classification(classes, train, test, labels, testLabels)
}

// idxPart reads the first images and labels, at most limit.
func (r *request) idxPart(files idxPair, limit int, layout string, scale float64) (Set, []float64, error) {
	t, shape, x, rows, err := r.idxImages(files.images, limit)
	if err != nil {
		return Set{}, nil, err
	}
	_, labelShape, labels, err := idxFile(files.labels, limit)
	if err != nil {
		return Set{}, nil, err
	}
	if len(labelShape) != 1 || len(shape) < 2 || labelShape[0] != shape[0] {
		return Set{}, nil, fmt.Errorf("%s: images of shape %v do not go with labels of shape %v", files.images, shape, labelShape)
	}
	s, err := idxSet(files.images, t, shape, x, rows, layout, scale)
	return s, labels.Float64s(), err
}

// idxSet is images, without their labels.
func idxSet(path string, t number, shape []int, x Values, rows *diskNumbers, layout string, scale float64) (Set, error) {
	if len(shape) < 2 {
		return Set{}, fmt.Errorf("%s: an array of shape %v, want images", path, shape)
	}
	if scale == 0 {
		scale = 1
		if t.kind == 'u' {
			scale = 255
		}
	}
	s := Set{Shape: shape[1:], X: x.scaled(scale)}
	if rows != nil {
		s.Rows = rowsOfArray(rows, shape, layout)
	}
	if err := images(&s, layout); err != nil {
		return Set{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// idxImages reads a file of images, or opens it where they stay on disk.
func (r *request) idxImages(path string, limit int) (t number, shape []int, x Values, rows *diskNumbers, err error) {
	info, err := untrusted.Stat(path)
	if err != nil {
		return t, nil, x, nil, err
	}
	if streamed := r.streams(info.Size()); r.err != nil {
		return t, nil, x, nil, r.err
	} else if streamed && limit == math.MaxInt {
		rows, err = openNumbers(path, func(f io.Reader) (number, []int, error) {
			t, shape, err = readIDXHeader(f)
			return t, shape, err
		})
		if !r.fallsBack(err) {
			return t, shape, x, rows, err
		}
	}
	t, shape, x, err = idxFile(path, limit)
	return t, shape, x, nil, err
}

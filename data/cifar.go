package data

import (
	"fmt"
	"io"
	"path/filepath"

	"drift/data/untrusted"
)

// cifar is a layout of CIFAR's files. Binary ones are records of label bytes, the last of which counts, and 3·32·32 pixels.
type cifar struct {
	dir         string // inside the archive
	train, test []string
	labels      int // bytes of labels
	classes     int
	python      cifarPickles
}

var (
	cifar10 = cifar{
		dir:    "cifar-10-batches-bin",
		train:  []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		test:   []string{"test_batch.bin"},
		labels: 1, classes: 10,
		python: cifarPickles{
			dir:   "cifar-10-batches-py",
			train: []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
			test:  []string{"test_batch"}, key: "labels",
		},
	}
	cifar100 = cifar{
		dir: "cifar-100-binary", train: []string{"train.bin"}, test: []string{"test.bin"},
		labels: 2, classes: 100,
		python: cifarPickles{dir: "cifar-100-python", train: []string{"train"}, test: []string{"test"}, key: "fine_labels"},
	}
)

const cifarPixels = 3 * 32 * 32

func (c cifar) load(r *request) (*Split, error) {
	trainFiles, testFiles, read := c.train, c.test, c.read
	dir, err := r.locate(c.train[0], c.dir)
	if err != nil {
		pickled, failed := r.locate(c.python.train[0], c.python.dir)
		if failed != nil {
			return nil, err
		}
		dir, trainFiles, testFiles, read = pickled, c.python.train, c.python.test, c.python.read
	}
	train, labels, err := readFiles(dir, trainFiles, r.limit(r.train), read)
	if err != nil {
		return nil, err
	}
	test, testLabels, err := readFiles(dir, testFiles, r.limit(r.test), read)
	if err != nil {
		return nil, err
	}
	return r.classification(c.classes, train, test, labels, testLabels)
}

// cifarReader appends the examples of a file until there are limit of them.
type cifarReader func(r io.Reader, limit int, x []byte, labels []float64) ([]byte, []float64, error)

// readFiles reads the first examples, at most limit, of files that follow each other.
func readFiles(dir string, names []string, limit int, read cifarReader) (Set, []float64, error) {
	s := Set{Shape: []int{3, 32, 32}}
	var x []byte
	var labels []float64
	for _, name := range names {
		path := filepath.Join(dir, name)
		f, _, err := untrusted.Open(path)
		if err != nil {
			return s, nil, err
		}
		x, labels, err = read(f, limit, x, labels)
		f.Close()
		if err != nil {
			return s, nil, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	s.X = ValuesOf(x).scaled(255)
	return s, labels, nil
}

// read appends records until there are limit examples.
func (c cifar) read(r io.Reader, limit int, x []byte, labels []float64) ([]byte, []float64, error) {
	record := make([]byte, c.labels+cifarPixels)
	for len(labels) < limit {
		_, err := io.ReadFull(r, record)
		if err == io.EOF {
			break
		}
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("the file ends within record %d of %d bytes each", len(labels), len(record))
		}
		if err != nil {
			return x, labels, err
		}
		labels = append(labels, float64(record[c.labels-1]))
		x = append(x, record[c.labels:]...)
	}
	return x, labels, nil
}

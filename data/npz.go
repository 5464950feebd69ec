package data

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func npzSource() Source {
	return Source{
		Name: "npz", Path: "FILE",
		About: "NumPy arrays x [N,…] and y, and if there x_test and y_test; y is [N] of integers (classes) or [N] or [N,outputs] of floats",
		Options: []Option{
			{"classes", "largest label + 1", "number of classes"},
		},
		load: loadNPZ,
	}
}

func loadNPZ(r *request) (*Split, error) {
	classes := r.count("classes", 0, 1, maxWidth)
	if r.err != nil {
		return nil, r.err
	}
	path, err := r.userPath()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	split, err := r.readNPZ(f, info.Size(), classes)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return split, nil
}

// readNPZ reads an NPZ file, a zip of NPY arrays.
func (r *request) readNPZ(f io.ReaderAt, size int64, classes int) (*Split, error) {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return nil, fmt.Errorf("not an NPZ file: %w", err)
	}
	a := npzArchive{archive, size}
	train, err := a.part("x", "y")
	if err != nil {
		return nil, err
	}
	test := npzPart{Set: Set{Shape: train.Shape, Outputs: train.Outputs}, labelled: train.labelled}
	if a.find("x_test") != nil || a.find("y_test") != nil {
		if test, err = a.part("x_test", "y_test"); err != nil {
			return nil, err
		}
	}
	if test.labelled != train.labelled || test.Outputs != train.Outputs {
		return nil, errors.New("y and y_test differ in kind: one holds classes and one targets, or the targets differ in number")
	}
	if train.labelled {
		return r.classification(classes, train.Set, test.Set, train.labels, test.labels)
	}
	return r.regression(train.Set, test.Set)
}

// npzArchive is an open NPZ file of the given size.
type npzArchive struct {
	*zip.Reader
	size int64
}

// npzPart is a training or test part, with targets in Y or with labels.
type npzPart struct {
	Set
	labels   []float64
	labelled bool
}

// find returns the entry of an array, nil when there is none. NumPy names it NAME.npy, other writers NAME.
func (a npzArchive) find(name string) *zip.File {
	for _, f := range a.File {
		if strings.TrimSuffix(f.Name, ".npy") == name {
			return f
		}
	}
	return nil
}

// readEntry reads one array of the archive.
func readEntry[T float32 | float64](a npzArchive, name string) (npyHeader, []T, error) {
	entry := a.find(name)
	if entry == nil {
		return npyHeader{}, nil, fmt.Errorf("there is no array %s", name)
	}
	f, err := entry.Open()
	if err != nil {
		return npyHeader{}, nil, fmt.Errorf("array %s: %w", name, err)
	}
	defer f.Close()
	compressed := min(entry.CompressedSize64, uint64(a.size))
	h, values, err := readNPY[T](guardExpansion(f, int64(compressed)))
	if err != nil {
		err = fmt.Errorf("array %s: %w", name, err)
	}
	return h, values, err
}

// part reads inputs and targets.
func (a npzArchive) part(xName, yName string) (npzPart, error) {
	h, x, err := readEntry[float32](a, xName)
	if err != nil {
		return npzPart{}, err
	}
	t, y, err := readEntry[float64](a, yName)
	if err != nil {
		return npzPart{}, err
	}
	if len(h.shape) < 1 || len(t.shape) < 1 || h.shape[0] != t.shape[0] {
		return npzPart{}, fmt.Errorf("%s of shape %v does not go with %s of shape %v: want as many rows", xName, h.shape, yName, t.shape)
	}
	p := npzPart{Set: Set{Shape: h.shape[1:], X: x}}
	if len(h.shape) == 1 {
		p.Shape = []int{1}
	}
	if t.kind != 'f' {
		p.labels, p.labelled = y, true
		if len(t.shape) > 1 {
			return npzPart{}, fmt.Errorf("%s holds integers of shape %v: want classes [N], or float targets [N,outputs]", yName, t.shape)
		}
		return p, nil
	}
	p.Outputs = 1
	if len(t.shape) == 2 {
		p.Outputs = t.shape[1]
	}
	if len(t.shape) > 2 || p.Outputs < 1 {
		return npzPart{}, fmt.Errorf("%s holds floats of shape %v: want [N] or [N,outputs]", yName, t.shape)
	}
	p.Y = make([]float32, len(y))
	for i, v := range y {
		p.Y[i] = float32(v)
	}
	return p, nil
}

package data

import (
	"errors"
	"io"
)

func npySource() Source {
	return Source{
		Name: "npy", Path: "FILE",
		About:   "a NumPy array of inputs [N,…], with its targets in a second file, as in npy:X.npy,y=Y.npy",
		Options: append([]Option{{"y", "none (required)", "the file of the targets, in the form of y of npz"}}, append(arrayOptions(), streamOption())...),
		load:    loadNPY,
	}
}

func loadNPY(r *request) (*Split, error) {
	format, err := r.arrayFormat()
	if err != nil {
		return nil, err
	}
	if r.Options["y"] == "" {
		return nil, errors.New("the targets are missing: add y=FILE")
	}
	h, x, rows, err := r.npyInputs()
	if err != nil {
		return nil, err
	}
	t, y, err := npyFile(r.dir, r.Options["y"])
	if err != nil {
		return nil, err
	}
	train, err := newArrayPart(r.Path, h, x, r.Options["y"], t, y, format)
	if err != nil {
		return nil, err
	}
	if rows != nil {
		train.Rows = rowsOfArray(rows, h.shape, format.layout)
	}
	return r.fromArrays(train, nil, nil, format)
}

// npyInputs reads the array of the inputs, or opens it where they stay on disk.
func (r *request) npyInputs() (h npyHeader, x Values, rows *diskNumbers, err error) {
	path, streamed, err := r.streamed(r.Path)
	if err != nil {
		return h, x, nil, err
	}
	if streamed {
		if h, rows, err = openNPYNumbers(path); !r.fallsBack(err) {
			return h, x, rows, err
		}
	}
	h, x, err = npyFile(r.dir, r.Path)
	return h, x, nil, err
}

// npyFile reads an array of a file of its own.
func npyFile(dir, path string) (h npyHeader, values Values, err error) {
	if path, err = findFile(dir, path); err != nil {
		return h, values, err
	}
	err = readFile(path, func(f io.Reader) (err error) {
		h, values, err = readNPY(f)
		return err
	})
	return h, values, err
}

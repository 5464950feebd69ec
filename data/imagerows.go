package data

import (
	"fmt"
	"hash/crc32"
)

// imageRows are images that are decoded when they are wanted, as bytes.
type imageRows struct {
	files  []imageFile
	format imageFormat
	sum    uint32 // of names and classes
}

func newImageRows(files []imageFile, format imageFormat) imageRows {
	sum := crc32.NewIEEE()
	for _, f := range files {
		fmt.Fprintln(sum, f.name, f.class)
	}
	return imageRows{files, format, sum.Sum32()}
}

func (r imageRows) Len() int { return len(r.files) }

func (r imageRows) ReadRow(i int, x, _ []float64) error {
	pixels := make([]byte, len(x))
	if err := r.files[i].decode(r.format, pixels); err != nil {
		return fmt.Errorf("%s: %w", r.files[i].name, err)
	}
	for k, p := range pixels {
		x[k] = float64(p)
	}
	return nil
}

func (r imageRows) Identity() string { return fmt.Sprint(len(r.files), r.format, r.sum) }

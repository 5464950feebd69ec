package data

import (
	"fmt"
	"hash/crc32"
	"sync/atomic"
)

// imageRows are images that are decoded when they are wanted, as bytes. What is decoded is kept as long as there is room for it.
type imageRows struct {
	files  []imageFile
	format imageFormat
	sum    uint32 // of names and classes
	kept   *keptPixels
}

// keptPixels are images that are decoded already, up to a number of bytes. The first ones stay: where an epoch goes through all images, any other
// choice would serve it no better.
type keptPixels struct {
	images []atomic.Pointer[[]byte]
	free   atomic.Int64
}

func newImageRows(files []imageFile, format imageFormat) imageRows {
	sum := crc32.NewIEEE()
	for _, f := range files {
		fmt.Fprintln(sum, f.name, f.class)
	}
	kept := &keptPixels{images: make([]atomic.Pointer[[]byte], len(files))}
	kept.free.Store(streamedAbove)
	return imageRows{files, format, sum.Sum32(), kept}
}

func (r imageRows) Len() int { return len(r.files) }

func (r imageRows) ReadRow(i int, x, _ []float64) error {
	pixels, err := r.pixels(i, len(x))
	if err != nil {
		return err
	}
	for k, p := range pixels {
		x[k] = float64(p)
	}
	return nil
}

func (r imageRows) readBytes(i int, dst []byte) error {
	pixels, err := r.pixels(i, len(dst))
	copy(dst, pixels)
	return err
}

// pixels is image i as bytes.
func (r imageRows) pixels(i, size int) ([]byte, error) {
	if there := r.kept.images[i].Load(); there != nil {
		return *there, nil
	}
	pixels := make([]byte, size)
	if err := r.files[i].decode(r.format, pixels); err != nil {
		return nil, fmt.Errorf("%s: %w", r.files[i].name, err)
	}
	if r.kept.free.Load() >= int64(size) && r.kept.images[i].CompareAndSwap(nil, &pixels) {
		r.kept.free.Add(-int64(size))
	}
	return pixels, nil
}

func (r imageRows) Identity() string { return fmt.Sprint(len(r.files), r.format, r.sum) }

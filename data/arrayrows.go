package data

import (
	"fmt"
	"sync"
)

// arrayRows are the inputs of an array [N,…] on disk.
type arrayRows struct {
	*diskNumbers
	n, size  int
	channels int        // of images whose channels are last and come first in an example; else 0
	pixels   *sync.Pool // of *[]float64 [size], as they are stored
}

// rowsOfArray is the examples of an array of a shape, with the layout that images has for them.
func rowsOfArray(d *diskNumbers, shape []int, layout string) Rows {
	a := arrayRows{diskNumbers: d, n: shape[0], size: 1, pixels: &sync.Pool{}}
	for _, size := range shape[1:] {
		a.size *= size
	}
	if len(shape) == 4 && layout == "hwc" {
		a.channels = shape[3]
	}
	return a
}

func (a arrayRows) Len() int { return a.n }

func (a arrayRows) ReadRow(i int, x, _ []float64) error {
	if a.channels == 0 {
		return a.read(i*a.size, x)
	}
	stored, _ := a.pixels.Get().(*[]float64)
	if stored == nil {
		stored = new([]float64)
		*stored = make([]float64, a.size)
	}
	defer a.pixels.Put(stored)
	err := a.read(i*a.size, *stored)
	reorder(x, *stored, a.size/a.channels, a.channels)
	return err
}

// readBytes is ReadRow of bytes as they are.
func (a arrayRows) readBytes(i int, dst []byte) error {
	stored := dst
	if a.channels > 0 {
		stored = make([]byte, a.size)
	}
	if err := a.readRaw(i*a.size, stored); err != nil {
		return err
	}
	if a.channels > 0 {
		reorder(dst, stored, a.size/a.channels, a.channels)
	}
	return nil
}

func (a arrayRows) Identity() string { return fmt.Sprint(a.n, a.channels, a.identity) }

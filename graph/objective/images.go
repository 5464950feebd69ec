package objective

import (
	"fmt"
	"slices"

	"drift/data"
	"drift/kernels"
)

// augments reports whether training sees other images than there are (data.Augmentation).
func (f *Objective) augments() bool { return f.parts[Train].Augment != (data.Augmentation{}) }

// SetEpoch fixes the images that passes of Training see, until the next call, to those of an epoch of a run with a seed: a function of
// seed, epoch and example, whatever batch or chunk it lies in. It does nothing without augmentation.
func (f *Objective) SetEpoch(seed uint64, epoch int) {
	if m := f.images; m != nil && (f.seed != seed || f.epoch != epoch) {
		m.drawn = m.drawn[:0]
	}
	f.seed, f.epoch = seed, epoch
}

// images is the augmented examples of a chunk, made on the host: of those that are not stored as bytes.
type images struct {
	objective *Objective
	buffer    kernels.Buffer // [chunk, size]
	size      int
	drawn     []int // the examples in the buffer; none where it holds nothing of this epoch
	write     func(examples []int) error
}

func (f *Objective) newImages() (*images, error) {
	in := f.Model.Inputs()
	if len(in) != 1 || in[0].Index > 0 {
		return nil, fmt.Errorf("objective: augmenting the images of %s: the model takes more than one input, or tokens", f.parts[Train].Name)
	}
	m := &images{objective: f, size: in[0].Size()}
	var err error
	if m.buffer, err = f.device.NewBuffer(f.dtype, f.chunk*m.size); err != nil {
		return nil, fmt.Errorf("objective: memory for %d augmented images: %w", f.chunk, err)
	}
	if f.dtype == kernels.Float64 {
		m.write = writer[float64](m)
	} else {
		m.write = writer[float32](m)
	}
	return m, nil
}

// writer changes the images of examples and copies them to the device.
func writer[T kernels.Float](m *images) func(examples []int) error {
	f := m.objective
	var from *data.Augmenter[T]
	var seed uint64
	rows, image := make([]T, f.chunk*m.size), make([]T, m.size)
	return func(examples []int) error {
		if from == nil || seed != f.seed {
			seed, from = f.seed, data.NewAugmenter[T](f.parts[Train], f.seed)
		}
		var staged []T
		if f.staging != nil {
			at, err := f.staging.hold(examples)
			if err != nil {
				return err
			}
			staged = imagesOf[T](f.staging.slots[at])
		}
		for i, k := range examples {
			part, own := f.partOf(k)
			if staged != nil {
				image = staged[i*m.size : (i+1)*m.size]
			} else if err := data.ReadInputs(f.parts[part], own, image); err != nil {
				return err
			}
			if row := rows[i*m.size : (i+1)*m.size]; part == Train {
				from.Change(f.epoch, own, image, row)
			} else {
				copy(row, image)
			}
		}
		return m.buffer.Slice(0, len(examples)*m.size).Write(rows[:len(examples)*m.size])
	}
}

// imagesOf is the inputs in a slot, of a model with one input.
func imagesOf[T kernels.Float](o *slot) []T {
	if doubles, ok := any(o.columns[0].doubles).([]T); ok {
		return doubles
	}
	return any(o.columns[0].singles).([]T)
}

// partOf is the part of the data that an example lies in, and its index there.
func (f *onDevice) partOf(example int) (Part, int) {
	for part := range f.parts {
		n := f.parts[part].Len()
		if example < n {
			return Part(part), example
		}
		example -= n
	}
	return Part(len(f.parts)), example
}

// draw puts the images of examples in the buffer, where they are not there already.
func (m *images) draw(examples []int) error {
	if slices.Equal(m.drawn, examples) {
		return nil
	}
	m.drawn = m.drawn[:0]
	if err := m.write(examples); err != nil {
		return fmt.Errorf("augmenting %d images: %w", len(examples), err)
	}
	m.drawn = append(m.drawn, examples...)
	return nil
}

// first is the images of the first n examples of a chunk.
func (m *images) first(n int) kernels.Buffer { return m.buffer.Slice(0, n*m.size) }

func (m *images) close() {
	if m != nil {
		m.buffer.Free()
	}
}

package objective

import (
	"fmt"
	"math"

	"drift/data"
	"drift/kernels"
)

// uploaded is how many numbers are converted and copied at once.
const uploaded = 1 << 20

// upload copies all parts of the data to the device, one behind the other.
func (f *Objective) upload() (err error) {
	n, x, y := 0, 0, 0
	for _, set := range f.parts {
		if set.Len() == 0 {
			continue
		}
		err := f.takes(set)
		if err == nil {
			err = f.indices(set)
		}
		if err != nil {
			return fmt.Errorf("objective: %w", err)
		}
		n, x, y = n+set.Len(), x+set.Len()*set.Size(), y+set.Len()*set.Targets()
	}
	if n > math.MaxInt32 {
		return fmt.Errorf("objective: %d examples: at most %d can be indexed", n, math.MaxInt32)
	}
	if f.x, err = f.device.NewBuffer(f.dtype, x); err == nil {
		if f.y, err = f.device.NewBuffer(f.dtype, y); err == nil {
			err = f.copyParts()
		}
	}
	if err != nil {
		return fmt.Errorf("objective: copying %d examples to %s: %w", n, f.device.Name(), err)
	}
	return nil
}

// indices checks that inputs which stand for classes or tokens are whole numbers below the model's number of them.
func (f *Objective) indices(set data.Set) error {
	from, size := 0, set.Size()
	for _, in := range f.Model.Inputs() {
		to := from + in.Size()
		for i := from; in.Index > 0 && i < set.Len()*size; {
			if x := set.X.At(i); !(x >= 0 && x < float64(in.Index)) || x != math.Trunc(x) {
				return fmt.Errorf("example %d of %s holds %v, the model takes whole numbers from 0 to %d", i/size, set.Name, x, in.Index-1)
			}
			if i++; i%size == to%size { // on to the next example
				i += size - (to - from)
			}
		}
		from = to
	}
	return nil
}

// copyParts fills the buffers of the data.
func (f *Objective) copyParts() (err error) {
	x, y := 0, 0
	for _, set := range f.parts {
		if set.Len() == 0 {
			continue
		}
		toX, toY := x+set.Len()*set.Size(), y+set.Len()*set.Targets()
		if f.dtype == kernels.Float64 {
			err = copyExamples[float64](set, f.x.Slice(x, toX), f.y.Slice(y, toY))
		} else {
			err = copyExamples[float32](set, f.x.Slice(x, toX), f.y.Slice(y, toY))
		}
		if err != nil {
			return err
		}
		x, y = toX, toY
	}
	return nil
}

// copyExamples copies inputs and targets of a set to the device.
func copyExamples[T kernels.Float](set data.Set, x, y kernels.Buffer) error {
	if err := copyEach(x, set, set.Size(), data.ReadInputs[T]); err != nil {
		return err
	}
	return copyEach(y, set, set.Targets(), data.ReadTargets[T])
}

// copyEach copies what read gives for every example, size numbers, a piece at a time.
func copyEach[T kernels.Float](to kernels.Buffer, set data.Set, size int, read func(data.Set, int, []T) error) error {
	n, step := set.Len(), max(1, uploaded/size)
	piece := make([]T, min(n, step)*size)
	for from := 0; from < n; from += step {
		end := min(n, from+step)
		piece = piece[:(end-from)*size]
		if err := read(set, from, piece); err != nil {
			return err
		}
		if err := to.Slice(from*size, end*size).Write(piece); err != nil {
			return err
		}
	}
	return nil
}

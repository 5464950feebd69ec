package objective

import (
	"fmt"
	"math"

	"drift/data"
	"drift/kernels"
)

// uploaded is how many numbers are converted and copied at once.
const uploaded = 1 << 20

// upload copies all parts of the data to the device, one behind the other, or prepares for a chunk of them where they are more than
// the given bytes.
func (f *Objective) upload(resident int64) error {
	n := f.total()
	for _, set := range f.parts {
		if set.Len() == 0 {
			continue
		}
		err := f.takes(set)
		if err == nil {
			err = f.takesLabels(set)
		}
		if err != nil {
			return fmt.Errorf("objective: %w", err)
		}
	}
	if n > math.MaxInt32 {
		return fmt.Errorf("objective: %d examples: at most %d can be indexed", n, math.MaxInt32)
	}
	if f.stages(resident) {
		if err := f.stage(); err != nil {
			return fmt.Errorf("objective: memory for a chunk of examples on %s: %w", f.device.Name(), err)
		}
		return nil
	}
	f.capacity = n
	if err := f.reserveData(n); err != nil {
		return fmt.Errorf("objective: memory for %d examples on %s: %w", n, f.device.Name(), err)
	}
	var err error
	for first, k := 0, 0; err == nil && k < len(f.parts); k++ {
		if f.dtype == kernels.Float64 {
			err = copyPart[float64](f, f.parts[k], first)
		} else {
			err = copyPart[float32](f, f.parts[k], first)
		}
		first += f.parts[k].Len()
	}
	if err != nil {
		return fmt.Errorf("objective: %w", err)
	}
	return nil
}

// reserveData makes buffers for the inputs and targets of n examples.
func (f *Objective) reserveData(n int) (err error) {
	inputs, target := f.Model.Inputs(), f.Model.Target()
	f.inputs = make([]kernels.Buffer, len(inputs))
	for i, in := range inputs {
		if f.inputs[i], err = f.device.NewBuffer(f.inputType(in), n*in.Size()); err != nil {
			return err
		}
	}
	f.targets, err = f.device.NewBuffer(target.DType(f.dtype), n*target.Size())
	return err
}

func (f *Objective) freeData() {
	Free(f.inputs...)
	Free(f.targets)
	f.inputs, f.targets = nil, nil
}

// takesLabels checks that classes are among those that the model has scores for. Where examples have several, negative ones stand for none.
func (f *Objective) takesLabels(set data.Set) error {
	target := f.Model.Target()
	for i, class := range set.Labels {
		if none := class < 0 && len(target.Shape) > 0; target.Index > 0 && !none && (class < 0 || int(class) >= target.Index) {
			return fmt.Errorf("example %d of %s has class %d, the model takes 0 to %d", i/set.Targets(), set.Name, class, target.Index-1)
		}
	}
	return nil
}

// copyPart copies inputs and targets of a part of the data to the device, behind the first examples.
func copyPart[T kernels.Float](f *Objective, set data.Set, first int) error {
	n := set.Len()
	if n == 0 {
		return nil
	}
	err := error(nil)
	if f.packed != nil {
		err = f.copyBytes(set, first)
	} else {
		err = copyInputs[T](f, set, first)
	}
	if err != nil {
		return err
	}
	to := f.targets.Slice(first*set.Targets(), (first+n)*set.Targets())
	if set.Classes > 0 {
		return to.Write(set.Labels)
	}
	return eachPiece(set, set.Targets(), data.ReadTargets[T], func(from int, piece []T) error {
		return to.Slice(from*set.Targets(), from*set.Targets()+len(piece)).Write(piece)
	})
}

// copyInputs copies the columns of each of the model's inputs: numbers in their type, indices exactly.
func copyInputs[T kernels.Float](f *Objective, set data.Set, first int) error {
	at := 0
	for i, in := range f.Model.Inputs() {
		begin, width := at, in.Size()
		at += width
		part := func(from, n int) kernels.Buffer { return f.inputs[i].Slice((first+from)*width, (first+from+n)*width) }
		var err error
		if in.Index == 0 {
			var own []T
			err = eachPiece(set, set.Size(), data.ReadInputs[T], func(from int, rows []T) error {
				own = columns(own, rows, set.Size(), begin, begin+width)
				return part(from, len(rows)/set.Size()).Write(own)
			})
		} else {
			var own []float64
			var ids []int32
			err = eachPiece(set, set.Size(), data.ReadInputs[float64], func(from int, rows []float64) (err error) {
				own = columns(own, rows, set.Size(), begin, begin+width)
				if ids, err = appendIDs(ids[:0], own, in.Index); err != nil {
					return fmt.Errorf("example %d of %s %w", from+len(ids)/width, set.Name, err)
				}
				return part(from, len(rows)/set.Size()).Write(ids)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// columns is the columns [from, to) of rows, in into where that has room, or the rows themselves where that is all of them.
func columns[T kernels.Float](into, rows []T, width, from, to int) []T {
	if to-from == width {
		return rows
	}
	into = into[:0]
	for at := 0; at < len(rows); at += width {
		into = append(into, rows[at+from:at+to]...)
	}
	return into
}

// appendIDs adds whole numbers below a bound to ids, up to the first that is none.
func appendIDs(ids []int32, x []float64, below int) ([]int32, error) {
	for _, v := range x {
		if !(v >= 0 && v < float64(below)) || v != math.Trunc(v) {
			return ids, fmt.Errorf("holds %v, the model takes whole numbers from 0 to %d", v, below-1)
		}
		ids = append(ids, int32(v))
	}
	return ids, nil
}

// eachPiece reads width numbers of every example, a piece at a time, and passes each piece on with the place of its first example.
func eachPiece[T kernels.Float](set data.Set, width int, read func(data.Set, int, []T) error, each func(from int, piece []T) error) error {
	n, step := set.Len(), max(1, uploaded/width)
	piece := make([]T, min(n, step)*width)
	for from := 0; from < n; from += step {
		piece = piece[:(min(n, from+step)-from)*width]
		if err := read(set, from, piece); err != nil {
			return err
		}
		if err := each(from, piece); err != nil {
			return err
		}
	}
	return nil
}

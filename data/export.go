package data

import "io"

// WriteNPZ writes the parts of a split that are not empty as the arrays x_train and y_train, x_test and y_test, x_valid and y_valid:
// inputs [N, …] as numbers of type T, or int64 where they are tokens, and targets [N] or [N,…], int64 where they are classes. Images are
// written without the changes that training makes.
func WriteNPZ[T Float](w io.Writer, split *Split) error {
	npz := NewNPZWriter(w)
	for _, part := range []struct {
		name string
		set  Set
	}{{"train", split.Train}, {"test", split.Test}, {"valid", split.Valid}} {
		if part.set.Len() == 0 {
			continue
		}
		if err := writeSet[T](npz, part.name, part.set); err != nil {
			return err
		}
	}
	return npz.Close()
}

func writeSet[T Float](npz *NPZWriter, part string, s Set) error {
	inputs, targets := append([]int{s.Len()}, s.Shape...), []int{s.Len()}
	if n := s.Targets(); n > 1 {
		targets = append(targets, n)
	}
	write := writeRows[T]
	if s.Tokens > 0 {
		write = writeRows[int64]
	}
	if err := write(npz, "x_"+part, inputs, s, func(x, _ []float64) []float64 { return x }); err != nil {
		return err
	}
	write = writeRows[T]
	if s.Classes > 0 {
		write = writeRows[int64]
	}
	return write(npz, "y_"+part, targets, s, func(_, y []float64) []float64 { return y })
}

// writeRows writes what pick takes of each example's input and targets.
func writeRows[T float32 | float64 | int64](npz *NPZWriter, name string, shape []int, s Set, pick func(x, y []float64) []float64) error {
	x, y := make([]float64, s.Size()), make([]float64, s.Targets())
	return WriteArray(npz, name, shape, func(put func([]T) error) error {
		row := make([]T, len(pick(x, y)))
		for i := range s.Len() {
			if err := s.ReadRow(i, x, y); err != nil {
				return err
			}
			for k, v := range pick(x, y) {
				row[k] = T(v)
			}
			if err := put(row); err != nil {
				return err
			}
		}
		return nil
	})
}

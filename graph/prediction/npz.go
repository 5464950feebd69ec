// Package prediction writes what a trained network says of examples.
package prediction

import (
	"io"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
)

// WriteNPZ writes the array outputs [N, …], and where the targets are classes the array class [N] (or [N,T], by position), in memory
// for a chunk and the classes.
func WriteNPZ(w io.Writer, f *objective.Objective, part objective.Part) error {
	if f.DType() == kernels.Float32 {
		return writeNPZ[float32](w, f, part)
	}
	return writeNPZ[float64](w, f, part)
}

func writeNPZ[T float32 | float64](w io.Writer, f *objective.Objective, part objective.Part) error {
	out, err := f.OutputShape()
	if err != nil {
		return err
	}
	shape := append([]int{f.Examples(part)}, out...)
	scores := 0 // of one answer
	if f.Data(part).Classes > 0 {
		scores = out[len(out)-1]
	}
	var classes []int64
	npz := data.NewNPZWriter(w)
	err = data.WriteArray(npz, "outputs", shape, func(put func([]T) error) error {
		return f.Outputs(f.All(part), func(_ int, rows []float64) error {
			piece := make([]T, len(rows))
			for i, x := range rows {
				piece[i] = T(x)
			}
			for at := 0; scores > 0 && at < len(rows); at += scores {
				classes = append(classes, int64(largest(rows[at:at+scores])))
			}
			return put(piece)
		})
	})
	if err == nil && scores > 0 {
		err = data.WriteArray(npz, "class", shape[:len(shape)-1], func(put func([]int64) error) error { return put(classes) })
	}
	if err != nil {
		return err
	}
	return npz.Close()
}

// largest is the place of the largest number, the first of equal ones.
func largest(x []float64) (place int) {
	for i := range x {
		if x[i] > x[place] {
			place = i
		}
	}
	return place
}

// answersOf is the number of answers in an example's outputs, whose last axis is the scores of one.
func answersOf(out []int) int {
	n := 1
	for _, size := range out[:len(out)-1] {
		n *= size
	}
	return n
}

package prediction

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"drift/graph/objective"
)

// WriteCSV writes a line for each answer: its example, its position where an example has several, its class where the targets are
// classes, and its outputs, in the digits that tell numbers of the type apart.
func WriteCSV(w io.Writer, f *objective.Objective, part objective.Part) error {
	out, err := f.OutputShape()
	if err != nil {
		return err
	}
	width := out[len(out)-1]
	answers, classes := answersOf(out), f.Data(part).Classes > 0
	table := csv.NewWriter(w)
	line := []string{"example"}
	if answers > 1 {
		line = append(line, "position")
	}
	if classes {
		line = append(line, "class")
	}
	for k := range width {
		line = append(line, fmt.Sprint("output_", k))
	}
	if err := table.Write(line); err != nil {
		return err
	}
	err = f.Outputs(f.All(part), func(from int, rows []float64) error {
		for at := 0; at < len(rows); at += width {
			answer, row := at/width, rows[at:at+width]
			line = append(line[:0], strconv.Itoa(from+answer/answers))
			if answers > 1 {
				line = append(line, strconv.Itoa(answer%answers))
			}
			if classes {
				line = append(line, strconv.Itoa(largest(row)))
			}
			for _, x := range row {
				line = append(line, strconv.FormatFloat(x, 'g', -1, 8*f.DType().Size()))
			}
			if err := table.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
	table.Flush()
	if err == nil {
		err = table.Error()
	}
	return err
}

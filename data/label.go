package data

import (
	"fmt"
	"math"
)

// inferable is the number of classes up to which the largest label may set the number of classes by itself, whatever
// the number of examples.
const inferable = 1000

// classLabels checks that all labels are whole numbers from 0 to classes−1 and returns them with the number of classes. The parts
// are those of partWords, or the first of them. Where classes is 0 it becomes one more than the largest label, unless that is out
// of proportion to their number. Where an example has several positions, a label may be NoLabel.
func classLabels(classes, positions int, parts ...[]float64) (int, [][]int32, error) {
	bound, count := float64(classes), 0
	for _, part := range parts {
		count += len(part)
	}
	if classes == 0 {
		bound = maxWidth
	}
	largest, out := 0.0, make([][]int32, len(parts))
	for p, part := range parts {
		out[p] = make([]int32, len(part))
		for i, y := range part {
			if positions > 1 && y == NoLabel {
				out[p][i] = NoLabel
				continue
			}
			if !(y >= 0 && y < bound && y == math.Trunc(y)) {
				return 0, nil, fmt.Errorf("the label of %s example %d is %s, want a whole number from 0 to %.0f",
					partWords[p], i/max(positions, 1), digits(y), bound-1)
			}
			largest = max(largest, y)
			out[p][i] = int32(y)
		}
	}
	if classes > 0 {
		return classes, out, nil
	}
	if int(largest) >= max(inferable, count) {
		return 0, nil, fmt.Errorf("the largest of %d labels is %.0f: if they are classes, say how many with classes=N", count, largest)
	}
	return int(largest) + 1, out, nil
}

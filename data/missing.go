package data

import (
	"fmt"
	"math"
	"strings"
)

// isMissing tells the usual ways to write that there is no value.
func isMissing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "nan", "null", "?":
		return true
	}
	return false
}

// hasGap tells a row that lacks a value.
func (t *table) hasGap(row []string) bool {
	for i, cell := range row {
		if !t.dropped[i] && isMissing(strings.TrimSpace(cell)) {
			return true
		}
	}
	return false
}

// finish fills gaps, numbers the classes, and tells what was done.
func (t *table) finish() error {
	if t.left > 0 {
		t.notices = append(t.notices, fmt.Sprintf("%d of %d rows lack a value and are left out", t.left, t.left+len(t.targets)))
	}
	filled := 0
	for i := range t.width {
		n, err := t.fill(i)
		if err != nil {
			return err
		}
		filled += n
	}
	if filled > 0 {
		t.notices = append(t.notices, fmt.Sprintf("%d cells without a value became the mean of their column", filled))
	}
	return t.sortClasses()
}

// fill puts the mean of a column's values where it has none, and returns how many those were.
func (t *table) fill(column int) (gaps int, err error) {
	if t.format.missing != "mean" {
		return 0, nil
	}
	mean, _ := meanStd(func(yield func(float64) bool) {
		for i := column; i < len(t.inputs); i += t.width {
			if v := t.inputs[i]; !math.IsNaN(v) && !yield(v) {
				return
			}
		}
	})
	for i := column; i < len(t.inputs); i += t.width {
		if math.IsNaN(t.inputs[i]) {
			t.inputs[i] = mean
			gaps++
		}
	}
	if gaps > 0 && gaps == len(t.targets) {
		err = fmt.Errorf("input %d has no value in any row: leave it out with drop=COLUMN", column+1)
	}
	return gaps, err
}

package data

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// addTarget appends a target: a number, or a name where the first target is one.
func (t *table) addTarget(cell string, line int) error {
	var v float64
	switch {
	case isMissing(cell) && t.format.missing == "mean":
		return fmt.Errorf("%s: there is no target, %.40q: repair it, or say missing=drop", t.where(line, t.target), cell)
	case t.ids == nil && (isNumber(cell) || isMissing(cell) || t.format.regression || len(t.targets) > 0):
		var err error
		if v, err = t.parse(cell, line, t.target); err != nil {
			return err
		}
		_, err = strconv.ParseInt(cell, 10, 64)
		t.whole = t.whole && err == nil
	case isMissing(cell):
		_, err := t.parse(cell, line, t.target)
		return err
	case isNumber(cell):
		return fmt.Errorf("%s: %.40q is a number, the targets before it are names of classes", t.where(line, t.target), cell)
	default:
		if t.ids == nil {
			t.ids = map[string]int{}
		}
		id, known := t.ids[cell]
		if !known {
			id = len(t.ids)
			t.ids[strings.Clone(cell)] = id
		}
		v = float64(id)
	}
	t.targets = append(t.targets, v)
	return nil
}

// sortClasses numbers the classes in the order of their names.
func (t *table) sortClasses() error {
	if t.ids == nil {
		return nil
	}
	if n := len(t.ids); n >= max(inferable, len(t.targets)/2) {
		return fmt.Errorf("column %d has %d different texts in %d rows: these are no classes; say label=COLUMN", t.target+1, n, len(t.targets))
	}
	t.classes = slices.Sorted(maps.Keys(t.ids))
	place := make([]float64, len(t.classes))
	for i, name := range t.classes {
		place[t.ids[name]] = float64(i)
	}
	for i, id := range t.targets {
		t.targets[i] = place[int(id)]
	}
	return nil
}

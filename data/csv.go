package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

func csvSource() Source {
	return Source{
		Name: "csv", Path: "FILE",
		About: "a table of numbers separated by commas, gzipped or not, with or without a line of names; one example a row",
		Options: []Option{
			{"label", "the column label, y or target, else the last", "name of the column that holds the class or target"},
			{"task", "class where all targets are written as whole numbers", "class or regression"},
			{"classes", "largest label + 1", "number of classes"},
		},
		load: loadCSV,
	}
}

func loadCSV(r *request) (*Split, error) {
	task, classes := r.choice("task", "", "class", "regression"), r.count("classes", 0, 1, maxWidth)
	if r.err != nil {
		return nil, r.err
	}
	path, err := r.userPath()
	if err != nil {
		return nil, err
	}
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := readTable(f, r.Options["label"])
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	train := Set{Shape: []int{t.columns - 1}, X: t.inputs}
	test := Set{Shape: train.Shape}
	if task == "class" || task == "" && t.whole {
		split, err := r.classification(classes, train, test, t.targets, nil)
		if err != nil && task == "" {
			err = fmt.Errorf("%w; if the target is a quantity, say task=regression", err)
		}
		return split, err
	}
	train.Outputs, test.Outputs = 1, 1
	train.Y = make([]float32, len(t.targets))
	for i, y := range t.targets {
		train.Y[i] = float32(y)
	}
	return r.regression(train, test)
}

// table is a parsed CSV file.
type table struct {
	columns int
	inputs  []float32 // all columns but the target's, row by row
	targets []float64
	whole   bool // all targets are written as whole numbers
}

// readTable reads a table whose target is the column of the given name; "" stands for the usual one.
func readTable(r io.Reader, label string) (table, error) {
	t := table{whole: true}
	rows, first, err := openTable(r)
	if err != nil {
		return t, err
	}
	t.columns = len(first)
	if t.columns < 2 {
		return t, errors.New("one column: want inputs and a target, separated by commas")
	}
	named := !isRow(first)
	target, err := targetColumn(first, named, label)
	if err != nil {
		return t, err
	}
	if !named {
		if err := t.add(first, target, 1); err != nil {
			return t, err
		}
	}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return t, err
		}
		line, _ := rows.FieldPos(0)
		if err := t.add(row, target, line); err != nil {
			return t, err
		}
		if len(t.inputs) > maxElements {
			return t, fmt.Errorf("more than %d numbers", maxElements)
		}
	}
}

// openTable returns the first row, and a reader of those after it, which have as many fields.
func openTable(r io.Reader) (*csv.Reader, []string, error) {
	const byteOrderMark = "\ufeff"
	b := bufio.NewReader(r)
	if start, _ := b.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		b.Discard(len(byteOrderMark))
	}
	rows := csv.NewReader(b)
	first, err := rows.Read()
	if err == io.EOF {
		return nil, nil, errors.New("the file is empty")
	}
	rows.ReuseRecord = true
	return rows, first, err
}

// isRow tells a row of numbers from a row of names.
func isRow(fields []string) bool {
	return !slices.ContainsFunc(fields, func(field string) bool {
		_, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		return err != nil && !errors.Is(err, strconv.ErrRange)
	})
}

// targetColumn is the place of the target among the names of the columns.
func targetColumn(names []string, named bool, label string) (int, error) {
	wanted := []string{label}
	if label == "" {
		wanted = []string{"label", "y", "target"}
	}
	if named {
		for i, name := range names {
			if slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, strings.TrimSpace(name)) }) {
				return i, nil
			}
		}
	}
	if label != "" {
		return 0, fmt.Errorf("no column is named %q", label)
	}
	return len(names) - 1, nil
}

// add appends a row.
func (t *table) add(row []string, target, line int) error {
	for i, field := range row {
		field = strings.TrimSpace(field)
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return fmt.Errorf("line %d, column %d: %.40q is not a number", line, i+1, field)
		}
		if i != target {
			t.inputs = append(t.inputs, float32(v))
			continue
		}
		t.targets = append(t.targets, v)
		_, err = strconv.ParseInt(field, 10, 64)
		t.whole = t.whole && err == nil
	}
	return nil
}

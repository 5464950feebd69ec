package data

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// tableFormat is how to read a table: the options of the same names.
type tableFormat struct {
	label, drop, header, missing string
	sep                          rune
	regression                   bool // the targets are quantities
	unlabelled                   bool // all columns are inputs
}

// table is a parsed CSV file.
type table struct {
	*header
	format  tableFormat
	width   int            // inputs of a row
	inputs  []float64      // row by row, NaN where there is no value
	targets []float64      // or places in classes
	whole   bool           // all targets are written as whole numbers
	classes []string       // sorted; nil where the targets are numbers
	ids     map[string]int // of the names of classes, in the order of their first appearance
	left    int            // rows left out
}

// readTable reads a table.
func readTable(r io.Reader, format tableFormat) (*table, error) {
	t := &table{format: format, whole: true}
	rows, err := t.open(r)
	if err != nil {
		return nil, err
	}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return t, t.finish()
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		if err := t.add(row, line); err != nil {
			return nil, err
		}
		if len(t.inputs) > maxElements {
			return nil, fmt.Errorf("more than %d numbers", maxElements)
		}
	}
}

// open reads what tells the columns, the first two rows, and returns a reader of those after.
func (t *table) open(r io.Reader) (*csv.Reader, error) {
	b := bufio.NewReader(r)
	start, _ := b.Peek(512)
	if err := asText(start); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(start, []byte(byteOrderMark)) {
		b.Discard(len(byteOrderMark))
	}
	rows := csv.NewReader(b)
	rows.Comma, rows.TrimLeadingSpace = t.format.sep, t.format.sep == ' '
	first, err := rows.Read()
	if err == io.EOF {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	line1, _ := rows.FieldPos(0)
	if err := t.checkSeparator(first); err != nil {
		return nil, err
	}
	second, err := rows.Read()
	if err != nil && err != io.EOF {
		return nil, err
	}
	line2 := 0
	if second != nil {
		line2, _ = rows.FieldPos(0)
	}
	if t.header, err = newHeader(t.format, trimmed(first), trimmed(second)); err != nil {
		return nil, err
	}
	if t.width = t.kept(); !t.format.unlabelled {
		t.width--
	}
	if t.names == nil {
		if err := t.add(first, line1); err != nil {
			return nil, err
		}
	}
	if second != nil {
		if err := t.add(second, line2); err != nil {
			return nil, err
		}
	}
	rows.ReuseRecord = true
	return rows, nil
}

// checkSeparator explains a first row of one cell that looks like several.
func (t *table) checkSeparator(first []string) error {
	if len(first) > 1 {
		return nil
	}
	for _, sep := range []struct{ mark, name string }{{";", "semicolon"}, {"\t", "tab"}, {"|", "pipe"}, {",", "comma"}} {
		if strings.Contains(first[0], sep.mark) {
			return fmt.Errorf("one column: if the cells are separated by %q, say sep=%s", sep.mark, sep.name)
		}
	}
	if t.format.unlabelled {
		return nil
	}
	return errors.New("one column: want inputs and a target, separated by commas or by what sep= says")
}

func trimmed(row []string) []string {
	if row == nil {
		return nil
	}
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = strings.TrimSpace(cell)
	}
	return out
}

// add appends a row.
func (t *table) add(row []string, line int) error {
	if t.format.missing == "drop" && t.hasGap(row) {
		t.left++
		return nil
	}
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if t.dropped[i] {
			continue
		}
		if i == t.target {
			if err := t.addTarget(cell, line); err != nil {
				return err
			}
			continue
		}
		if isMissing(cell) && t.format.missing == "mean" {
			t.inputs = append(t.inputs, math.NaN())
			continue
		}
		v, err := t.parse(cell, line, i)
		if err != nil {
			return err
		}
		t.inputs = append(t.inputs, v)
	}
	return nil
}

// parse reads a cell that must be a number.
func (t *table) parse(cell string, line, column int) (float64, error) {
	v, err := parseCell(cell)
	switch {
	case err == nil:
		return v, nil
	case isMissing(cell):
		return 0, fmt.Errorf("%s: there is no value, %.40q: repair it, or say missing=mean or missing=drop%s", t.where(line, column), cell, t.hint(line))
	case err == strconv.ErrRange:
		return 0, fmt.Errorf("%s: %.40s is too large for a number", t.where(line, column), cell)
	}
	return 0, fmt.Errorf("%s: %.40q is not a number such as 1234.5%s", t.where(line, column), cell, t.hint(line))
}

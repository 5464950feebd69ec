package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// header is what the columns of a table are.
type header struct {
	names   []string // nil where line 1 is an example
	columns int
	target  int
	dropped []bool
	unsure  bool // line 1 was taken for an example by what is in it, not by an option
	notices []string
}

// newHeader decides from the first two rows what the columns are; second is nil where there is none. Line 1 holds names only
// if none of its cells is a number and one of the next row's is.
func newHeader(format tableFormat, first, second []string) (*header, error) {
	h := &header{columns: len(first), dropped: make([]bool, len(first))}
	named := format.header == "yes"
	if format.header == "" {
		if counts(first) {
			return nil, fmt.Errorf("line 1 counts %s: say header=yes if these are the names of columns, header=no if they are an example",
				strings.Join(first[:min(len(first), 4)], ","))
		}
		named = !slices.ContainsFunc(first, isNumber) && (second == nil || slices.ContainsFunc(second, isNumber))
		h.unsure = !named
	}
	if named {
		h.names = first
	}
	if err := h.drop(format.drop); err != nil {
		return nil, err
	}
	if format.unlabelled {
		h.target = -1
		return h, nil
	}
	return h, h.chooseTarget(format.label)
}

// counts tells names that programs give to columns without names, 0, 1, 2 and so on, perhaps behind the index of the rows.
func counts(cells []string) bool {
	if len(cells) > 2 && isUnnamed(cells[0]) {
		cells = cells[1:]
	}
	for i, cell := range cells {
		if cell != strconv.Itoa(i) {
			return false
		}
	}
	return len(cells) > 1
}

// drop marks the columns that are left out: those asked for, and an index of the rows.
func (h *header) drop(wanted string) error {
	if wanted != "" {
		parts := []string{wanted}
		if _, err := h.find(wanted); err != nil {
			parts = strings.Split(wanted, "+")
		}
		for _, part := range parts {
			i, err := h.find(part)
			if err != nil {
				return fmt.Errorf("drop=%s: %w", wanted, err)
			}
			h.dropped[i] = true
		}
	}
	if len(h.names) > 1 && isUnnamed(h.names[0]) && !h.dropped[0] {
		h.dropped[0] = true
		h.notices = append(h.notices, "column 1 has no name: it is left out as an index of the rows; give it a name to use it")
	}
	return nil
}

// find is the place of a column by its name or, where none has that name, by its number from 1.
func (h *header) find(name string) (int, error) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		var found []int
		for i, n := range h.names {
			if same(n, name) {
				found = append(found, i)
			}
		}
		if len(found) > 1 {
			return 0, fmt.Errorf("columns %d and %d are both named %q: give the number of one", found[0]+1, found[1]+1, name)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	if n, err := strconv.Atoi(name); err == nil && 1 <= n && n <= h.columns {
		return n - 1, nil
	}
	if h.names == nil {
		return 0, fmt.Errorf("no column is named %.40q, line 1 is an example: give the column's number, or say header=yes", name)
	}
	return 0, fmt.Errorf("no column is named %.40q", name)
}

// chooseTarget finds the column of the target.
func (h *header) chooseTarget(label string) (err error) {
	kept := 0
	for i, dropped := range h.dropped {
		if !dropped {
			kept, h.target = kept+1, i
		}
	}
	if kept < 2 {
		return errors.New("one column: want inputs and a target")
	}
	if label != "" {
		if h.target, err = h.find(label); err == nil && h.dropped[h.target] {
			err = fmt.Errorf("label=%s: this column is left out", label)
		}
		return err
	}
	found := -1
	for i, name := range h.names {
		if h.dropped[i] || !slices.Contains([]string{"label", "y", "target"}, strings.ToLower(name)) {
			continue
		}
		if found >= 0 {
			return fmt.Errorf("columns %q and %q may both be the target: say which with label=NAME", h.names[found], name)
		}
		h.target, found = i, i
	}
	return nil
}

// kept is the number of columns that are not left out.
func (h *header) kept() int {
	n := 0
	for _, dropped := range h.dropped {
		if !dropped {
			n++
		}
	}
	return n
}

// where is the place of a cell in words.
func (h *header) where(line, column int) string {
	if h.names != nil && h.names[column] != "" {
		return fmt.Sprintf("line %d, column %d (%.40s)", line, column+1, h.names[column])
	}
	return fmt.Sprintf("line %d, column %d", line, column+1)
}

// hint is what to do about a bad cell of a line.
func (h *header) hint(line int) string {
	if line == 1 && h.unsure {
		return "; if line 1 holds the names of columns, say header=yes"
	}
	return ""
}

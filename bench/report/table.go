package report

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is text in columns. Every row has the header's number of cells.
type Table struct {
	Header []string   `json:"header"`
	Rows   [][]string `json:"rows"`
	// Left is the number of leading columns that are text, set to the left; numbers stand to the right.
	Left int `json:"left"`
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// AddColumn appends a column with a cell for each row; no cells add none.
func (t *Table) AddColumn(header string, cells []string) {
	if len(cells) == 0 {
		return
	}
	t.Header = append(t.Header, header)
	for i, cell := range cells {
		t.Rows[i] = append(t.Rows[i], cell)
	}
}

// WriteTo prints the table with aligned columns, two spaces between them, and a rule under the header.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("─", width)
	}
	var b strings.Builder
	for _, row := range append([][]string{t.Header, rule}, t.Rows...) {
		line := ""
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < t.Left {
				line += cell + space + "  "
			} else {
				line += space + cell + "  "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// WriteCSV writes header and rows as RFC 4180 has it.
func (t *Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(t.Header); err != nil {
		return err
	}
	return out.WriteAll(t.Rows)
}

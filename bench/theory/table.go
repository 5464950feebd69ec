package theory

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"drift/bench/report"
)

// statementWidth is the most characters of a statement on a line of the table.
const statementWidth = 66

// Table shows the checks by equation, with long statements on several lines.
func Table(checks []Check) *report.Table {
	t := &report.Table{Header: []string{"equation", "statement", "verdict", "predicted", "measured", "error", "slope", "z"}, Left: 3}
	for _, c := range checks {
		lines := wrap(c.Name, statementWidth)
		t.Add(c.Equation, lines[0], c.verdict(), report.Format(c.Predicted), report.Format(c.Measured),
			share(c.RelativeError), c.slope(), decimals(c.Z, 1))
		for _, line := range lines[1:] {
			t.Add("", "  "+line, "", "", "", "", "", "")
		}
	}
	return t
}

func (c Check) verdict() string {
	switch {
	case c.Open:
		return "open"
	case c.Control && c.Pass:
		return "rejected"
	case c.Control:
		return "NOT REJECTED"
	case c.Pass:
		return "holds"
	}
	return "FAILS"
}

// Notes are what the checks found besides numbers, each once.
func Notes(checks []Check) []string {
	var notes []string
	said := map[string]bool{}
	for _, c := range checks {
		if line := c.Equation + ": " + c.Note; c.Note != "" && !said[line] {
			said[line] = true
			notes = append(notes, line)
		}
	}
	return notes
}

// slope is "2.00 / 2", measured and claimed.
func (c Check) slope() string {
	if math.IsNaN(c.Slope) {
		return decimals(c.Slope, 0)
	}
	return decimals(c.Slope, 2) + " / " + decimals(c.SlopeExpected, 0)
}

// share is a relative error as a percentage, or as a power of ten where that is below a ten thousandth.
func share(x float64) string {
	if x >= 1e-4 {
		return decimals(100*x, 2) + " %"
	}
	if x == 0 || math.IsNaN(x) {
		return decimals(x, 0)
	}
	return strconv.FormatFloat(x, 'e', 0, 64)
}

// decimals writes a number with n of them, and an absent one as report does.
func decimals(x float64, n int) string {
	if math.IsNaN(x) {
		return report.Format(x)
	}
	return strings.Replace(strconv.FormatFloat(x, 'f', n, 64), "-", "−", 1)
}

// wrap breaks text at spaces.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// List is the checks with a row each and numbers in full, for files.
func List(checks []Check) *report.Table {
	t := &report.Table{Header: []string{"equation", "name", "predicted", "measured", "relative_error", "slope", "slope_expected", "z",
		"control", "pass", "note"}}
	for _, c := range checks {
		row := []string{c.Equation, c.Name}
		for _, x := range []float64{c.Predicted, c.Measured, c.RelativeError, c.Slope, c.SlopeExpected, c.Z} {
			cell := ""
			if !math.IsNaN(x) {
				cell = strconv.FormatFloat(x, 'g', -1, 64)
			}
			row = append(row, cell)
		}
		t.Add(append(row, strconv.FormatBool(c.Control), strconv.FormatBool(c.Pass), c.Note)...)
	}
	return t
}

package data

import (
	"errors"
	"strconv"
	"strings"
)

// parseCell reads a decimal number such as 1234.5 or -1e-3 and nothing else that Go or other programs take for one: no
// hexadecimal, no NaN, no separators of thousands.
func parseCell(cell string) (float64, error) {
	if strings.ContainsFunc(cell, func(c rune) bool { return !strings.ContainsRune("0123456789+-.eE", c) }) {
		return 0, strconv.ErrSyntax
	}
	v, err := strconv.ParseFloat(cell, 64)
	if errors.Is(err, strconv.ErrRange) {
		return v, strconv.ErrRange
	}
	return v, err
}

// isNumber tells what is written as a number, even one too large for float64.
func isNumber(cell string) bool {
	_, err := parseCell(cell)
	return err == nil || err == strconv.ErrRange
}

// isUnnamed tells the heading that pandas gives to the index of its rows, or makes of it on reading it again.
func isUnnamed(name string) bool { return name == "" || strings.HasPrefix(name, "Unnamed: ") }

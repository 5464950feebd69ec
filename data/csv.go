package data

import (
	"fmt"
	"io"
)

func csvSource() Source {
	return Source{
		Name: "csv", Path: "FILE",
		About: "a table of numbers, gzipped or not, with or without a header line; one example per row; the target may be class names",
		Options: []Option{
			{"label", "the column label, y or target, else the last", "name or number (from 1) of the column that holds the class or target"},
			{"task", "class where all targets are names or whole numbers", "class or regression"},
			{"classes", "largest label + 1, or the number of names", "number of classes"},
			{"header", "yes where line 1 has no number and line 2 has one", "yes or no: whether line 1 holds the names of the columns"},
			{"sep", "comma", "separator of cells: comma, semicolon, tab, space or pipe"},
			{"drop", "none", "name or number of a column to leave out; several joined by +"},
			{"missing", "an error", "for empty cells, NA, NaN, null and ?: mean (fill in the mean of the column) or drop (leave the row out)"},
			{"scale", "1", "divisor of the inputs"},
		},
		load: loadCSV,
	}
}

func loadCSV(r *request) (*Split, error) {
	task, classes, scale := r.choice("task", "", "class", "regression"), r.count("classes", 0, 1, maxWidth), r.scale(1)
	format := tableFormat{
		label: r.Options["label"], drop: r.Options["drop"], regression: task == "regression",
		header: r.choice("header", "", "yes", "no"), missing: r.choice("missing", "", "mean", "drop"), sep: r.separator(),
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.readFile(func(f io.Reader) (*Split, error) {
		t, err := readTable(f, format)
		if err != nil {
			return nil, err
		}
		split, err := r.fromTable(t, task, classes, scale)
		if err != nil {
			return nil, err
		}
		split.Notices = t.notices
		return split, nil
	})
}

// fromTable makes the training part of a table.
func (r *request) fromTable(t *table, task string, classes int, scale float64) (*Split, error) {
	train := Set{Shape: []int{t.width}, X: ValuesOf(t.inputs).scaled(scale)}
	test := Set{Shape: train.Shape}
	if t.classes != nil {
		if classes > 0 && classes < len(t.classes) {
			return nil, fmt.Errorf("classes=%d: the targets have %d different names", classes, len(t.classes))
		}
		split, err := r.classification(max(classes, len(t.classes)), train, test, t.targets, nil)
		if err == nil {
			split.ClassNames = t.classes
		}
		return split, err
	}
	if task == "class" || task == "" && t.whole {
		split, err := r.classification(classes, train, test, t.targets, nil)
		if err != nil && task == "" {
			err = fmt.Errorf("%w; if the target is a quantity, say task=regression", err)
		}
		return split, err
	}
	train.Outputs, test.Outputs = 1, 1
	train.Y = t.targets
	return r.regression(train, test)
}

// separator reads the option sep.
func (r *request) separator() rune {
	separators := map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', "space": ' ', "pipe": '|', ";": ';', "|": '|', `\t`: '\t', " ": ' ', ":": ':'}
	return option(r, "sep", ',', "comma, semicolon, tab, space or pipe", func(text string) (rune, bool) {
		sep, ok := separators[text]
		return sep, ok
	})
}

// scale reads the number that inputs are divided by.
func (r *request) scale(otherwise float64) float64 {
	scale := r.number("scale", otherwise, 0, 1e300)
	if scale == 0 && r.err == nil {
		r.err = fmt.Errorf("scale=0: want divisor of the inputs, such as 255")
	}
	return scale
}

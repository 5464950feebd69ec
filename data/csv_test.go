package data

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text, options    string
		classes, outputs int
		x, y             []float32
	}{
		"last column":        {"1,2,0\n3,4,1\n", "", 2, 0, []float32{1, 2, 3, 4}, []float32{0, 1}},
		"names":              {"a,b,c\n1,2,0\n3,4,1\n", "", 2, 0, []float32{1, 2, 3, 4}, []float32{0, 1}},
		"a column label":     {"a,label,c\n1,2,0\n3,0,1\n", "", 3, 0, []float32{1, 0, 3, 1}, []float32{2, 0}},
		"a column Y":         {"Y,b\n1,2\n0,4\n", "", 2, 0, []float32{2, 4}, []float32{1, 0}},
		"a column by name":   {"a,b,y\n1,2,5\n0,4,6\n", ",label=a", 2, 0, []float32{2, 5, 4, 6}, []float32{1, 0}},
		"a quantity":         {"1,2,0.5\n3,4,1\n", "", 0, 1, []float32{1, 2, 3, 4}, []float32{0.5, 1}},
		"a signed quantity":  {"1,2,-1\n3,4,1\n", ",task=regression", 0, 1, []float32{1, 2, 3, 4}, []float32{-1, 1}},
		"a whole quantity":   {"1,2,7\n3,4,1\n", ",task=regression", 0, 1, []float32{1, 2, 3, 4}, []float32{7, 1}},
		"classes by option":  {"1,0\n3,1\n", ",classes=5", 5, 0, []float32{1, 3}, []float32{0, 1}},
		"floats as classes":  {"1,0.0\n3,1.0\n", ",task=class", 2, 0, []float32{1, 3}, []float32{0, 1}},
		"spaces and CR LF":   {"x, y\r\n1e1, 0\r\n-.5, 1\r\n", "", 2, 0, []float32{10, -0.5}, []float32{0, 1}},
		"quotes, empty line": {"\"x\",\"y\"\n\"1\",\"0\"\n\n2,1\n", "", 2, 0, []float32{1, 2}, []float32{0, 1}},
		"a byte order mark":  {"\ufefflabel,x\n0,1\n1,2\n", "", 2, 0, []float32{1, 2}, []float32{0, 1}},
		"no end of line":     {"1,0\n2,1", "", 2, 0, []float32{1, 2}, []float32{0, 1}},
	} {
		for _, content := range [][]byte{[]byte(c.text), gzipped(t, []byte(c.text))} {
			split := mustLoad(t, "csv:"+write(t, "a.csv", content)+c.options, Options{})
			checkSplit(t, split)
			s := split.Train
			if s.Classes != c.classes || s.Outputs != c.outputs || !slices.Equal(s.X, c.x) || !slices.Equal(s.Y, c.y) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestCSVRefusesBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, options, want string }{
		"empty":                    {"", "", "the file is empty"},
		"names only":               {"a,b\n", "", "no training examples"},
		"one column":               {"1\n2\n", "", "one column"},
		"a word":                   {"a,b\n1,2\n1,x\n", "", `line 3, column 2: "x" is not a number`},
		"an empty cell":            {"a,b\n1,2\n,3\n", "", `line 3, column 1: "" is not a number`},
		"a short row":              {"1,2,3\n1,2\n", "", "wrong number of fields"},
		"a long row":               {"1,2\n1,2,3\n", "", "wrong number of fields"},
		"an open quote":            {"1,2\n\"1,2\n", "", "line 2"},
		"NaN":                      {"1,0\nNaN,1\n", "", "example 1 holds NaN"},
		"infinity":                 {"1,0\n-inf,1\n", "", "example 1 holds -Inf"},
		"beyond float64":           {"1,0\n1e999,1\n", "", "is not a number"},
		"beyond float32":           {"1,0\n1e99,1\n", "", "example 1 holds +Inf"},
		"absurd label":             {"1,0\n1,123456\n", "", "task=regression"},
		"labels −1 and 1":          {"1,-1\n1,1\n", "", "task=regression"},
		"label too high":           {"1,0\n1,5\n", ",classes=5", "want a whole number from 0 to 4"},
		"fractional label":         {"1,0\n1,.5\n", ",task=class", "is 0.5"},
		"no such column":           {"a,b\n1,2\n", ",label=c", `no column is named "c"`},
		"names it has not":         {"1,2\n1,2\n", ",label=y", `no column is named "y"`},
		"classes of quantities":    {"1,.5\n", ",classes=5", "leave classes= out"},
		"classes for a regression": {"1,2\n", ",classes=5,task=regression", "leave classes= out"},
		"bad task":                 {"1,2\n", ",task=cluster", "class or regression"},
		"too much held out":        {"1,2\n1,1\n", ",test=2", "too few"},
		"more than it has":         {"1,2\n1,1\n", ",train=3", "only 2"},
		"binary":                   {"\x00\x01\x02,\xff\n\x00,\x00", "", "is not a number"},
	} {
		wantRefused(t, name, "csv:"+write(t, "a.csv", []byte(c.text))+c.options, c.want)
	}
	bomb := gzipped(t, append([]byte("1,2\n"), bytes.Repeat([]byte("0,0\n"), 1<<18)...))
	if len(bomb) > 1<<13 {
		t.Fatalf("a repetitive table of a megabyte has %d bytes compressed", len(bomb))
	}
	mustLoad(t, "csv:"+write(t, "a.csv", bomb), Options{}) // small enough to be let through
}

func FuzzCSV(f *testing.F) {
	f.Add("1,2,0\n3,4,1\n", "")
	f.Add("a,label\n1,0\n", "a")
	f.Add("\ufeffx,y\r\n\"1\",\"2\"\r\n", "")
	f.Add("1,2\n\"", "")
	f.Add("nan,1e999\n", "")
	f.Fuzz(func(t *testing.T, text, label string) {
		table, err := readTable(strings.NewReader(text), label)
		if err != nil {
			return
		}
		if len(table.inputs) != len(table.targets)*(table.columns-1) || len(table.inputs) > len(text) {
			t.Fatalf("%d columns, %d inputs and %d targets from %d bytes", table.columns, len(table.inputs), len(table.targets), len(text))
		}
	})
}

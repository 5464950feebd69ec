package data

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text, options    string
		classes, outputs int
		x, y             []float64
	}{
		"last column":                  {"1,2,0\n3,4,1\n", "", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"names":                        {"a,b,c\n1,2,0\n3,4,1\n", "", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"a column label":               {"a,label,c\n1,2,0\n3,0,1\n", "", 3, 0, []float64{1, 0, 3, 1}, []float64{2, 0}},
		"a column Y":                   {"Y,b\n1,2\n0,4\n", "", 2, 0, []float64{2, 4}, []float64{1, 0}},
		"a column by name":             {"a,b,y\n1,2,5\n0,4,6\n", ",label=a", 2, 0, []float64{2, 5, 4, 6}, []float64{1, 0}},
		"a quantity":                   {"1,2,0.5\n3,4,1\n", "", 0, 1, []float64{1, 2, 3, 4}, []float64{0.5, 1}},
		"a signed quantity":            {"1,2,-1\n3,4,1\n", ",task=regression", 0, 1, []float64{1, 2, 3, 4}, []float64{-1, 1}},
		"a whole quantity":             {"1,2,7\n3,4,1\n", ",task=regression", 0, 1, []float64{1, 2, 3, 4}, []float64{7, 1}},
		"classes by option":            {"1,0\n3,1\n", ",classes=5", 5, 0, []float64{1, 3}, []float64{0, 1}},
		"floats as classes":            {"1,0.0\n3,1.0\n", ",task=class", 2, 0, []float64{1, 3}, []float64{0, 1}},
		"spaces and CR LF":             {"x, y\r\n1e1, 0\r\n-.5, 1\r\n", "", 2, 0, []float64{10, -0.5}, []float64{0, 1}},
		"quotes, empty line":           {"\"x\",\"y\"\n\"1\",\"0\"\n\n2,1\n", "", 2, 0, []float64{1, 2}, []float64{0, 1}},
		"a byte order mark":            {"\ufefflabel,x\n0,1\n1,2\n", "", 2, 0, []float64{1, 2}, []float64{0, 1}},
		"no end of line":               {"1,0\n2,1", "", 2, 0, []float64{1, 2}, []float64{0, 1}},
		"names of classes":             {"5.1,b\n4.9,c\n4.7,a\n5,b\n", "", 3, 0, []float64{5.1, 4.9, 4.7, 5}, []float64{1, 2, 0, 1}},
		"names, and names of classes":  {"size,kind\n5.1,cat\n4.9,dog\n", "", 2, 0, []float64{5.1, 4.9}, []float64{0, 1}},
		"names of classes in front":    {"kind,a,b\ndog,1,2\ncat,3,4\n", ",label=kind", 2, 0, []float64{1, 2, 3, 4}, []float64{1, 0}},
		"a target by number":           {"dog,1,2\ncat,3,4\n", ",label=1", 2, 0, []float64{1, 2, 3, 4}, []float64{1, 0}},
		"more classes than names":      {"1,a\n2,b\n", ",classes=5", 5, 0, []float64{1, 2}, []float64{0, 1}},
		"header=no":                    {"0,1,0\n3,4,1\n0,1,2\n", ",header=no", 3, 0, []float64{0, 1, 3, 4, 0, 1}, []float64{0, 1, 2}},
		"numbers for names":            {"0,1,2\n0,0,0\n0.5,-1,1\n", ",header=yes", 2, 0, []float64{0, 0, 0.5, -1}, []float64{0, 1}},
		"years for names":              {"city,2019,2020\n1,2,0\n3,4,1\n", ",header=yes", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"semicolons":                   {"a;b;y\n1;2;0\n3;4;1\n", ",sep=semicolon", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"semicolons by their mark":     {"1;2;0\n3;4;1\n", ",sep=;", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"tabs":                         {"1\t2\t0\n3\t4\t1\n", ",sep=tab", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"runs of spaces":               {"  1   2 0\n3 4    1\n", ",sep=space", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"a column left out":            {"id,a,y\nx7,1,0\nx8,3,1\n", ",drop=id", 2, 0, []float64{1, 3}, []float64{0, 1}},
		"the last left out":            {"a,y,note\n1,0,good\n3,1,\n", ",drop=note", 2, 0, []float64{1, 3}, []float64{0, 1}},
		"columns left out":             {"id,a,b,y\nx7,1,2,0\nx8,3,4,1\n", ",drop=ID+3", 2, 0, []float64{1, 3}, []float64{0, 1}},
		"a column a+b left out":        {"a,b,a+b,y\n1,2,3,0\n3,4,7,1\n", ",drop=a+b", 2, 0, []float64{1, 2, 3, 4}, []float64{0, 1}},
		"the mean for what is missing": {"a,b,y\n1,,0\n,4,1\n3,6,0\n", ",missing=mean", 2, 0, []float64{1, 5, 2, 4, 3, 6}, []float64{0, 1, 0}},
		"rows with gaps left out":      {"a,b,y\n1,2,0\n,4,1\nNaN,4,1\n3,4,NA\n3,?,1\n3,6,1\n", ",missing=drop", 2, 0, []float64{1, 2, 3, 6}, []float64{0, 1}},
		"pandas' index":                {",a,y\n0,1.5,0\n1,2.5,1\n", "", 2, 0, []float64{1.5, 2.5}, []float64{0, 1}},
		"pandas' index, read again":    {"Unnamed: 0,a,y\n7,1.5,0\n3,2.5,1\n", "", 2, 0, []float64{1.5, 2.5}, []float64{0, 1}},
		"a scale":                      {"label,p,q\n7,255,0\n0,51,102\n", ",scale=255", 8, 0, []float64{1, 0, 0.2, 0.4}, []float64{7, 0}},
		"coordinates and a target":     {"x,y,kind\n1,2,b\n3,4,a\n", ",label=kind", 2, 0, []float64{1, 2, 3, 4}, []float64{1, 0}},
	} {
		for _, content := range [][]byte{[]byte(c.text), gzipped(t, []byte(c.text))} {
			split := mustLoad(t, "csv:"+write(t, "a.csv", content)+c.options, Options{})
			checkSplit(t, split)
			s := split.Train
			if s.Classes != c.classes || s.Outputs != c.outputs || !slices.Equal(xs(s), c.x) || !slices.Equal(ys(s), c.y) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestCSVRefusesBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, options, want string }{
		"empty":                     {"", "", "the file is empty"},
		"UTF-16":                    {"\xff\xfea\x00,\x00b\x00\n\x001\x00,\x000\x00\n\x00", "", "in UTF-16: save it as UTF-8"},
		"UTF-16, the other way":     {"\xfe\xff\x00a", "", "in UTF-16"},
		"a workbook":                {"PK\x03\x04\x14\x00", "", "a zip archive or a workbook"},
		"lines of an old Mac":       {"a,b\r1,0\r2,1\r", "", "CR alone"},
		"a byte of nothing":         {"1,0\n\x00,1\n", "", `line 2, column 1: "\x00" is not a number`},
		"a date":                    {"d,y\n2020-01-01,0\n", "", `line 2, column 1 (d): "2020-01-01" is not a number`},
		"digits of another script":  {"a,y\n١,0\n", "", `"١" is not a number`},
		"a comma behind each line":  {"1,2,0,\n3,4,1,\n", "", "line 1, column 4: there is no value"},
		"names only":                {"a,b\n", "", "no training examples"},
		"one column":                {"1\n2\n", "", "one column"},
		"another separator":         {"1;2\n2;3\n", "", "say sep=semicolon"},
		"no such separator":         {"1;2\n2;3\n", ",sep=dash", "comma, semicolon, tab"},
		"decimal commas":            {"1,5;2\n2,5;3\n", ",sep=;", `line 1, column 1: "1,5" is not a number`},
		"a word":                    {"a,b\n1,2\n1,x\n", "", `line 3, column 2 (b): "x" is not a number`},
		"a word among inputs":       {"a,b\nred,2\nblue,3\n", "", `line 2, column 1 (a): "red" is not a number`},
		"no number below the names": {"a,b\nred,good\n1,2\n", "", "say header=yes"},
		"names with a number":       {"city,2019,2020\n1,2,0\n", "", `line 1, column 1: "city" is not a number such as 1234.5; if line 1 holds the names of columns, say header=yes`},
		"names counted from 0":      {"0,1,2\n0,0,0\n0.5,-1,1\n", "", "header=no if they are an example"},
		"an index and such names":   {",0,1,2\n0,5,5,0\n1,5,6,1\n", ",missing=mean", "header=no if they are an example"},
		"an empty cell":             {"a,b\n1,2\n,3\n", "", `line 3, column 1 (a): there is no value`},
		"an empty cell in line 1":   {",2,0\n0,-0,0\n0.5,-1,1\n", "", `line 1, column 1: there is no value`},
		"an empty target":           {"a,b\n1,2\n1,\n", "", `line 3, column 2 (b): there is no value`},
		"no target for a mean":      {"a,b\n1,2\n1,\n", ",missing=mean", `line 3, column 2 (b): there is no target`},
		"no name of a class":        {"1,a\n1,NA\n", "", `line 2, column 2: there is no value`},
		"a number among names":      {"1,a\n1,7\n", "", `line 2, column 2: "7" is a number, the targets before it are names`},
		"names of quantities":       {"1,a\n1,b\n", ",task=regression", `line 1, column 2: "a" is not a number`},
		"too few classes":           {"1,a\n1,b\n", ",classes=1", "2 different names"},
		"nothing but gaps":          {"1,,0\n2,,1\n", ",missing=mean", "input 2 has no value in any row"},
		"gaps everywhere":           {"1,,0\n2,,1\n", ",missing=drop", "no training examples"},
		"no such way":               {"1,,0\n2,,1\n", ",missing=zero", "mean or drop"},
		"thousands":                 {"\"1,000\",2,0\n2,3,1\n", "", `line 1, column 1: "1,000" is not a number`},
		"thousands below":           {"1,2,0\n\"1,000\",3,1\n", "", `line 2, column 1: "1,000" is not a number`},
		"percent":                   {"5%,0\n6%,1\n", "", `line 1, column 1: "5%" is not a number`},
		"hexadecimal":               {"0x10,0\n5,1\n", "", `line 1, column 1: "0x10" is not a number`},
		"underscores":               {"1_000,0\n5,1\n", "", `line 1, column 1: "1_000" is not a number`},
		"true":                      {"1,0\nTrue,1\n", "", `line 2, column 1: "True" is not a number`},
		"a short row":               {"1,2,3\n1,2\n", "", "wrong number of fields"},
		"a long row":                {"1,2\n1,2,3\n1,2\n", "", "record on line 2: wrong number of fields"},
		"a long row further down":   {"1,2\n1,2\n1,2,3\n", "", "record on line 3: wrong number of fields"},
		"an open quote":             {"1,2\n\"1,2\n", "", "line 2"},
		"NaN":                       {"1,0\nNaN,1\n", "", `line 2, column 1: there is no value, "NaN"`},
		"infinity":                  {"1,0\n-inf,1\n", "", `line 2, column 1: "-inf" is not a number`},
		"beyond float64":            {"1,0\n1e999,1\n", "", "line 2, column 1: 1e999 is too large"},
		"absurd label":              {"1,0\n1,123456\n", "", "task=regression"},
		"labels −1 and 1":           {"1,-1\n1,1\n", "", "task=regression"},
		"label too high":            {"1,0\n1,5\n", ",classes=5", "want a whole number from 0 to 4"},
		"fractional label":          {"1,0\n1,.5\n", ",task=class", "is 0.5"},
		"no such column":            {"a,b\n1,2\n", ",label=c", `no column is named "c"`},
		"names it has not":          {"1,2\n1,2\n", ",label=y", `no column is named "y"`},
		"two of that name":          {"a,a,b\n1,2,3\n", ",label=a", `columns 1 and 2 are both named "a"`},
		"two that may be meant":     {"x,y,label\n1,2,3\n", "", `columns "y" and "label" may both be the target`},
		"a target left out":         {"a,b,c\n1,2,3\n", ",label=a,drop=a", "left out"},
		"none left":                 {"a,b\n1,2\n", ",drop=a", "one column"},
		"nothing to leave out":      {"a,b\n1,2\n", ",drop=c", `drop=c: no column is named "c"`},
		"column 3 of 2":             {"a,b\n1,2\n", ",drop=3", `drop=3: no column is named "3"`},
		"scale of nothing":          {"1,0\n1,1\n", ",scale=0", "scale=0"},
		"classes of quantities":     {"1,.5\n", ",classes=5", "leave classes= out"},
		"classes for a regression":  {"1,2\n", ",classes=5,task=regression", "leave classes= out"},
		"bad task":                  {"1,2\n", ",task=cluster", "class or regression"},
		"too much held out":         {"1,2\n1,1\n", ",test=2", "too few"},
		"more than it has":          {"1,2\n1,1\n", ",train=3", "only 2"},
		"binary":                    {"\x00\x01\x02,\xff\n\x00,\x00", "", "is not a number"},
	} {
		wantRefused(t, name, "csv:"+write(t, "a.csv", []byte(c.text))+c.options, c.want)
	}
	bomb := gzipped(t, append([]byte("1,2\n"), bytes.Repeat([]byte("0,0\n"), 1<<18)...))
	if len(bomb) > 1<<13 {
		t.Fatalf("a repetitive table of a megabyte has %d bytes compressed", len(bomb))
	}
	mustLoad(t, "csv:"+write(t, "a.csv", bomb), Options{}) // small enough to be let through
}

// Every float64 written with enough digits comes back with the same bits, from a table and from arrays.
func TestFloat64sComeBackBitForBit(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), 6, 6).Draw(t, "numbers")
		var table strings.Builder
		for i, x := range numbers {
			table.WriteString(strconv.FormatFloat(x, 'g', -1, 64) + []string{",", ",", "\n"}[i%3])
		}
		x := npy("<f8", false, "(2, 2)", []float64{numbers[0], numbers[1], numbers[3], numbers[4]})
		y := npy(">f8", false, "(2,)", []float64{numbers[2], numbers[5]})
		for name, content := range map[string][]byte{"a.csv": []byte(table.String()), "x.npy": x, "y.npy": y} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, spec := range []string{"csv:a.csv,task=regression,header=no", "npy:x.npy,y=y.npy"} {
			split, err := Load(spec, Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 {
				if x, y := split.Train.Example(i); x[0] != numbers[3*i] || x[1] != numbers[3*i+1] || y[0] != numbers[3*i+2] {
					t.Fatalf("%s: row %d is %v and %v of %v", spec, i, x, y, numbers)
				}
			}
		}
	})
}

// What a reader decides about a table is told.
func TestCSVNotices(t *testing.T) {
	for name, c := range map[string]struct{ text, options, want string }{
		"nothing":  {"a,y\n1,0\n2,1\n", "", ""},
		"an index": {",a,y\n0,1,0\n1,2,1\n", "", "column 1 has no name"},
		"filled":   {"1,,0\n,4,1\n3,6,0\n", ",missing=mean", "2 cells without a value"},
		"left out": {"1,,0\n,4,1\n3,6,0\n", ",missing=drop", "2 of 3 rows lack a value"},
	} {
		got := strings.Join(mustLoad(t, "csv:"+write(t, "a.csv", []byte(c.text))+c.options, Options{}).Notices, "; ")
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: notices %q, want %q", name, got, c.want)
		}
	}
	names := mustLoad(t, "csv:"+write(t, "a.csv", []byte("1,b\n2,a\n3,b\n")), Options{}).ClassNames
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("classes are named %q", names)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("1,2,0\n3,4,1\n", "", "", byte(0))
	f.Add("a,label\n1,0\n", "a", "", byte(1))
	f.Add("\ufeffx,y\r\n\"1\",\"2\"\r\n", "", "x", byte(2))
	f.Add("1,2\n\"", "", "", byte(3))
	f.Add(",a,b\n0,nan,cat\n1,1e999,dog\n", "3", "1+2", byte(4))
	f.Add("1;;a\n;2;b\n", "", "", byte(13))
	f.Fuzz(func(t *testing.T, text, label, drop string, choices byte) {
		format := tableFormat{
			label: label, drop: drop, sep: []rune{',', ';', ' ', '\t'}[choices&3], header: []string{"", "yes", "no", ""}[choices>>2&3],
			missing: []string{"", "mean", "drop", "mean"}[choices>>4&3], regression: choices>>6&1 > 0,
		}
		table, err := readTable(strings.NewReader(text), format)
		if err != nil {
			return
		}
		if table.width < 1 || len(table.inputs) != len(table.targets)*table.width || len(table.inputs) > len(text) {
			t.Fatalf("%d inputs a row, %d inputs and %d targets from %d bytes", table.width, len(table.inputs), len(table.targets), len(text))
		}
		for _, x := range slices.Concat(table.inputs, table.targets) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatalf("%v got through", x)
			}
		}
	})
}

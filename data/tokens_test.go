package data

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTextByCharacterAndByte(t *testing.T) {
	text := strings.Repeat("añb", 20) // 60 characters, 80 bytes
	path := write(t, "a.txt", []byte(text))
	split := mustLoad(t, "text:"+path+",context=5", Options{})
	checkSplit(t, split)
	s := split.Train
	if s.Tokens != 3 || s.Classes != 3 || s.Positions != 5 || !slices.Equal(s.Shape, []int{5}) || strings.Join(split.ClassNames, "") != "abñ" {
		t.Errorf("%d tokens, %d classes, %d positions, shape %v, characters %q", s.Tokens, s.Classes, s.Positions, s.Shape, split.ClassNames)
	}
	if s.Len() != 10 || split.Test.Len() != 1 { // 54 and 6 characters: (54−1−5)/5+1 and (6−1−5)/5+1 examples
		t.Errorf("%d + %d examples", s.Len(), split.Test.Len())
	}
	if x, y := s.Example(1); !slices.Equal(x, []float64{1, 0, 2, 1, 0}) || !slices.Equal(y, []float64{0, 2, 1, 0, 2}) {
		t.Errorf("example 1 is %v, then %v", x, y)
	}
	byByte := mustLoad(t, "text:"+path+",context=5,level=byte,stride=1", Options{})
	if s := byByte.Train; s.Tokens != 256 || s.Len() != 67 || s.X.At(1) != 0xc3 || byByte.ClassNames != nil {
		t.Errorf("%d tokens, %d examples, byte 1 is %v", s.Tokens, s.Len(), s.X.At(1))
	}
	parts := mustLoad(t, "text:"+path+",context=5,valid=0.25,stride=2", Options{})
	if parts.Train.Len() != 18 || parts.Valid.Len() != 5 { // 40 and 14 of 54 characters: (40−6)/2+1 and (14−6)/2+1
		t.Errorf("%d + %d examples", parts.Train.Len(), parts.Valid.Len())
	}
	if n := mustLoad(t, "text:"+path+",context=5,valid=3", Options{}).Valid.Len(); n != 3 {
		t.Errorf("%d examples to validate with, want 3", n)
	}
}

// Texts of all kinds, as the characters or bytes that they are.
func TestTexts(t *testing.T) {
	line := strings.Repeat("to be or not ", 8)
	for name, c := range map[string]struct {
		text, options string
		tokens        int    // different ones
		begins        string // of the characters, in order
	}{
		"plain":                   {line, "", 7, " benort"},
		"a byte order mark":       {"\ufeff" + line, "", 7, " benort"},
		"a mark further on":       {line + "\ufeff", "", 8, " benort\ufeff"},
		"CR LF":                   {strings.ReplaceAll(line, "or", "\r\n"), "", 8, "\n\r"},
		"one character":           {strings.Repeat("a", 90), "", 1, "a"},
		"bytes of nothing":        {strings.Repeat("\x00\x01", 45), "", 2, "\x00\x01"},
		"beyond 16 bits":          {strings.Repeat("😀👍🏽", 30), "", 3, "🏽👍😀"},
		"combined":                {strings.Repeat("e\u0301", 45), "", 2, "e\u0301"},
		"right to left":           {strings.Repeat("שלום ", 20), "", 5, " ו"},
		"the replacement itself":  {strings.Repeat("\ufffda", 45), "", 2, "a\ufffd"},
		"bytes":                   {line, ",level=byte", 256, ""},
		"bytes that are no UTF-8": {strings.Repeat("\xff\x00\x80", 30), ",level=byte", 256, ""},
		"bytes with a mark":       {"\ufeff" + line, ",level=byte", 256, ""},
		"a stride beyond":         {line, ",stride=999", 7, " benort"},
		"a context of one":        {line, ",context=1", 7, " benort"},
		"no test part":            {line, ",test=0,context=90", 7, " benort"},
	} {
		options := c.options
		if !strings.Contains(options, "context") {
			options += ",context=5"
		}
		for _, content := range [][]byte{[]byte(c.text), gzipped(t, []byte(c.text))} {
			split := mustLoad(t, "text:"+write(t, "a.txt", content)+options, Options{})
			checkSplit(t, split)
			if s := split.Train; s.Tokens != c.tokens || s.Classes != c.tokens || !strings.HasPrefix(strings.Join(split.ClassNames, ""), c.begins) {
				t.Errorf("%s: %d tokens, %q", name, s.Tokens, split.ClassNames)
			}
		}
	}
}

// Whatever the windows: each label is the input one further on, parts share no token, and the characters spell the text.
func TestWindowsPredictTheNextToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		context, stride := rapid.IntRange(1, 6).Draw(t, "context"), rapid.IntRange(1, 8).Draw(t, "stride")
		run := make([]int32, rapid.IntRange(10*(context+1), 200).Draw(t, "length"))
		for i := range run {
			run[i] = int32(i)
		}
		r := &request{Spec: Spec{Name: "text", Options: map[string]string{"context": fmt.Sprint(context), "stride": fmt.Sprint(stride)}}, test: -1}
		r.valid = rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "valid")
		split, err := r.windows(run, len(run), "tokens")
		if err != nil {
			t.Skip(err)
		}
		last := -1.
		for _, s := range []Set{split.Train, split.Valid, split.Test} {
			for i := range s.Len() {
				x, y := s.Example(i)
				if i > 0 {
					if before, _ := s.Example(i - 1); x[0] != before[0]+float64(stride) {
						t.Fatalf("example %d begins with %v after %v", i, x[0], before[0])
					}
				}
				for k := range x {
					if y[k] != x[k]+1 || x[k] != x[0]+float64(k) || i == 0 && x[k] <= last {
						t.Fatalf("%v and then %v, behind %v", x, y, last)
					}
				}
			}
			if s.Len() > 0 {
				_, y := s.Example(s.Len() - 1)
				last = y[context-1]
			}
		}
	})
}

func TestTokenFiles(t *testing.T) {
	rows := npy("<i4", false, "(2, 4)", []int32{5, 1, 2, 3, 0, 7, -100, -100})
	split := mustLoad(t, "tokens:"+write(t, "a.npy", rows), Options{})
	checkSplit(t, split)
	s := split.Train
	if s.Tokens != 8 || s.Positions != 3 || s.Len() != 2 || split.Test.Len() != 0 ||
		!slices.Equal(xs(s), []float64{5, 1, 2, 0, 7, 0}) || !slices.Equal(ys(s), []float64{1, 2, 3, 7, NoLabel, NoLabel}) {
		t.Errorf("%+v", s)
	}
	if held := mustLoad(t, "tokens:"+write(t, "a.npy", rows)+",test=1,tokens=50", Options{}); held.Test.Len() != 1 || held.Test.Classes != 50 {
		t.Errorf("%+v", held.Test)
	}
	long := make([]uint16, 1000)
	for i := range long {
		long[i] = uint16(i * 60)
	}
	split = mustLoad(t, "tokens:"+write(t, "a.npy", npy("<u2", false, "(1000,)", long))+",context=10", Options{})
	if s := split.Train; s.Tokens != 59941 || s.Len() != 89 || split.Test.Len() != 9 || s.X.At(11) != 660 {
		t.Errorf("%d tokens, %d + %d examples, %v", s.Tokens, s.Len(), split.Test.Len(), s.X.At(11))
	}
	for name, c := range map[string]struct {
		file    []byte
		options string
		want    []float64
		tokens  int
	}{
		"bytes":          {npy("|u1", false, "(2, 3)", []uint8{0, 1, 255, 3, 4, 5}), "", []float64{0, 1, 3, 4}, 256},
		"signed bytes":   {npy("|i1", false, "(1, 3)", []int8{0, 1, 127}), "", []float64{0, 1}, 128},
		"bool":           {npy("|b1", false, "(1, 3)", []uint8{0, 1, 1}), "", []float64{0, 1}, 2},
		"the other way":  {npy(">i4", false, "(1, 3)", []int32{7, 1, 2}), "", []float64{7, 1}, 8},
		"by columns":     {npy("<i8", true, "(2, 3)", []int64{0, 3, 1, 4, 2, 5}), "", []float64{0, 1, 3, 4}, 6},
		"one and again":  {npy("<i4", false, "(2, 2)", []int32{0, 0, 0, 0}), "", []float64{0, 0}, 1},
		"beyond float32": {npy("<i8", false, "(2, 3)", []int64{0, 1<<25 + 1, 2, 3, 1<<25 + 3, 5}), ",tokens=40000000", []float64{0, 1<<25 + 1, 3, 1<<25 + 3}, 40000000},
		"rows that end":  {npy("<i4", false, "(2, 3)", []int32{4, 1, -100, 1, 2, 3}), "", []float64{4, 1, 1, 2}, 5},
	} {
		s := mustLoad(t, "tokens:"+write(t, "a.npy", c.file)+c.options, Options{}).Train
		if s.Tokens != c.tokens || !slices.Equal(xs(s), c.want) {
			t.Errorf("%s: %d tokens, %v", name, s.Tokens, xs(s))
		}
	}
	// Ids beyond what float32 holds stay what they are.
	large := tokenValues(2, maxTokens, slices.Values([][]int32{{1<<24 + 1, maxTokens - 1}}))
	if large.At(0) != 1<<24+1 || large.At(1) != maxTokens-1 {
		t.Errorf("%v", large.Float64s())
	}
	// Labels by position of arrays, the usual way to give them.
	positions := mustLoad(t, "npz:"+write(t, "a.npz", zipOf(t, map[string][]byte{
		"x": npy("<i8", false, "(2, 3)", []int64{1, 2, 3, 4, 5, 6}), "y": npy("<i8", false, "(2, 3)", []int64{0, -100, 2, 1, 1, -100})})), Options{}).Train
	if positions.Positions != 3 || positions.Classes != 3 || positions.Len() != 2 || !slices.Equal(positions.Labels, []int32{0, -100, 2, 1, 1, -100}) {
		t.Errorf("%+v", positions)
	}
	if counts := Inspect(positions).Counts; !slices.Equal(counts, []int{1, 2, 1}) {
		t.Errorf("counts %v", counts)
	}
}

func TestTextsAndTokensRefuseBadFiles(t *testing.T) {
	text := []byte("to be or not to be, that is the question")
	for name, c := range map[string]struct {
		file    []byte
		options string
		want    string
	}{
		"nothing":            {nil, "", "the file is empty"},
		"a short text":       {text, "", "40 characters are too few for a context of 64 in every part"},
		"a short test part":  {text, ",context=8", "too few for a context of 8 in every part"},
		"no UTF-8":           {[]byte("caf\xe9 au lait"), "", "byte 3 is no UTF-8: say level=byte"},
		"UTF-16":             {[]byte("\xff\xfet\x00o\x00"), "", "byte 0 is no UTF-8"},
		"a surrogate":        {[]byte("to be\xed\xa0\x80"), "", "byte 5 is no UTF-8"},
		"an overlong zero":   {[]byte("to be\xc0\x80"), "", "byte 5 is no UTF-8"},
		"a cut character":    {[]byte("to be\xe2\x82"), "", "byte 5 is no UTF-8"},
		"a cut archive":      {gzipped(t, bytes.Repeat(text, 20))[:30], "", "EOF"},
		"a mark alone":       {[]byte("\ufeff"), "", "the file is empty"},
		"one character":      {[]byte("a"), "", "1 characters are too few"},
		"no context":         {text, ",context=0", "from 1 to"},
		"no stride":          {text, ",stride=0", "from 1 to"},
		"an absurd context":  {text, ",context=99999999", "from 1 to"},
		"words":              {text, ",level=word", "char or byte"},
		"normalized":         {text, ",context=2,normalize=on", "tokens are no quantities"},
		"all to validate":    {text, ",context=2,valid=500", "there are only 36 characters to train with"},
		"more than there is": {text, ",context=2,train=500", "there are only"},
	} {
		wantRefused(t, name, "text:"+write(t, "a.txt", c.file)+c.options, c.want)
	}
	for name, c := range map[string]struct {
		file    []byte
		options string
		want    string
	}{
		"floats":            {npy("<f4", false, "(2, 2)", make([]float32, 4)), "", "want integers [N,T]"},
		"a cube":            {npy("<i4", false, "(2, 2, 1)", make([]int32, 4)), "", "want integers [N,T]"},
		"a number":          {npy("<i4", false, "()", make([]int32, 1)), "", "want integers [N,T]"},
		"negative":          {npy("<i4", false, "(1, 3)", []int32{1, -1, 2}), "", "token 1 is -1"},
		"negative in a run": {npy("<i4", false, "(3,)", []int32{1, -100, 2}), "", "token 1 is -100"},
		"too high":          {npy("<i4", false, "(1, 3)", []int32{1, 2, 9}), ",tokens=9", "token 2 is 9, want a whole number from 0 to 8"},
		"absurd":            {npy("<i8", false, "(1, 3)", []int64{1, 2, 1 << 40}), "", "token 2 is 1099511627776, want"},
		"out of proportion": {npy("<i8", false, "(1, 3)", []int64{1, 2, 1 << 25}), "", "with tokens=N"},
		"a gap":             {npy("<i4", false, "(1, 4)", []int32{1, -100, 2, 3}), "", "row 0 has tokens behind -100"},
		"no target":         {npy("<i4", false, "(2, 3)", []int32{1, 2, 3, 1, -100, -100}), "", "row 1 has no target"},
		"rows of one":       {npy("<i4", false, "(3, 1)", []int32{1, 2, 3}), "", "want rows of 2 tokens"},
		"a context of rows": {npy("<i4", false, "(1, 3)", []int32{1, 2, 3}), ",context=2", "context=2 is for one long run"},
		"truncated":         {npy("<i4", false, "(1000000, 100)", []int32{1, 2}), "", "after 2 of 100000000"},
		"nothing":           {npy("<i4", false, "(0,)", []int32{}), "", "there are no tokens"},
		"a short run":       {npy("<i4", false, "(9,)", make([]int32, 9)), "", "too few for a context of 64"},
		"gaps alone":        {npy("<i4", false, "(2, 3)", []int32{-100, -100, -100, -100, -100, -100}), "", "there are no tokens"},
		"a gap in front":    {npy("<i4", false, "(1, 3)", []int32{-100, 1, 2}), "", "row 0 has tokens behind -100"},
		"beyond int64":      {npy("<u8", false, "(1, 3)", []uint64{0, 1, math.MaxUint64}), "", "token 2 is 1.8"},
		"no rows":           {npy("<i4", false, "(0, 4)", []int32{}), "", "there are no tokens"},
		"no tokens asked":   {npy("<i4", false, "(1, 3)", []int32{0, 1, 2}), ",tokens=0", "from 1 to"},
		"too many asked":    {npy("<i4", false, "(1, 3)", []int32{0, 1, 2}), ",tokens=2147483648", "from 1 to"},
		"text":              {text, "", "not an NPY array"},
	} {
		wantRefused(t, name, "tokens:"+write(t, "a.npy", c.file)+c.options, c.want)
	}
}

// A validation part is drawn out of the training examples, and label noise leaves it alone.
func TestValidationPart(t *testing.T) {
	whole := mustLoad(t, "glyphs,train=200,test=20", Options{Seed: 3})
	for option, want := range map[string]int{"0.1": 20, "0.001": 1, "30": 30, "0": 0} {
		split := mustLoad(t, "glyphs,train=200,test=20,label-noise=0.5,valid="+option, Options{Seed: 3})
		if split.Valid.Len() != want || split.Train.Len() != 200-want || !slices.Equal(xs(split.Test), xs(whole.Test)) {
			t.Errorf("valid=%s: %d + %d examples", option, split.Train.Len(), split.Valid.Len())
		}
		found := 0
		for i := range whole.Train.Len() {
			for k := range split.Valid.Len() {
				a, b := whole.Train.Slice(i, i+1), split.Valid.Slice(k, k+1)
				if slices.Equal(xs(a), xs(b)) && a.Labels[0] == b.Labels[0] {
					found++
				}
			}
		}
		if found != want {
			t.Errorf("valid=%s: %d of the examples are training examples with their labels", option, found)
		}
	}
	for option, want := range map[string]string{"1.5": "a share from 0 to 1", "-1": "a share", "NaN": "a share", "200": "only 200 training", "x": "a share"} {
		_, err := Load("glyphs,train=200,valid="+option, Options{})
		wantError(t, err, want)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(strings.Repeat("añb", 20)), byte(1))
	f.Add([]byte("\xff\xfe"), byte(2))
	f.Fuzz(func(t *testing.T, text []byte, context byte) {
		run, alphabet, err := byCharacter(text)
		if err == nil {
			var back strings.Builder
			for _, c := range run {
				back.WriteString(alphabet.Decode(c))
			}
			if back.String() != string(text) {
				t.Fatalf("%q became %q", text, back.String())
			}
		} else if utf8.Valid(text) && len(text) > 0 {
			t.Fatal(err)
		}
		for _, level := range []string{"char", "byte"} {
			r := &request{Spec: Spec{Name: "text", Path: "fuzz", Options: map[string]string{"context": fmt.Sprint(context)}}, train: -1, test: -1}
			if split, err := r.fromText(text, level); err == nil && r.finish(split, textSource()) == nil {
				checkSplit(t, split)
			}
		}
	})
}

// Whatever a file holds, a text that is read from disk is the one that is read at once, or the same error.
func FuzzTextFromDisk(f *testing.F) {
	f.Add([]byte(strings.Repeat("añb", 20)))
	f.Add([]byte("\ufeff" + strings.Repeat("a\ufeff", 20)))
	f.Add([]byte("to be or not to be\xff"))
	path := filepath.Join(f.TempDir(), "fuzz.txt")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, level := range []string{"char", "byte"} {
			var rows [2][]float64
			var failed [2]error
			for i, where := range []string{"off", "on"} {
				split, err := Load("text:"+path+",context=2,level="+level+",stream="+where, Options{})
				if failed[i] = err; err == nil {
					rows[i] = append(rowsOf(t, split.Train), rowsOf(t, split.Test)...)
				}
			}
			if compressed := bytes.HasPrefix(text, []byte("\x1f\x8b")); !compressed && (failed[0] == nil) != (failed[1] == nil) {
				t.Fatalf("%v in memory, %v on disk", failed[0], failed[1])
			}
			if failed[0] == nil && failed[1] == nil && !slices.Equal(rows[0], rows[1]) {
				t.Error("another text from disk")
			}
		}
	})
}

func FuzzTokens(f *testing.F) {
	f.Add(npy("<i4", false, "(2, 4)", []int32{5, 1, 2, 3, 0, 7, -100, -100}), 0)
	f.Add(npy("<u2", false, "(100,)", make([]uint16, 100)), 9)
	f.Fuzz(func(t *testing.T, file []byte, tokens int) {
		h, values, err := readNPY(strings.NewReader(string(file)))
		if err != nil {
			return
		}
		r := &request{Spec: Spec{Name: "tokens", Path: "fuzz", Options: map[string]string{}}, train: -1, test: -1}
		if split, err := r.fromTokens(h, values, min(max(tokens, 0), math.MaxInt32>>2)); err == nil && r.finish(split, tokensSource()) == nil {
			checkSplit(t, split)
		}
	})
}

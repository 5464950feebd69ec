package data

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// write makes a file in a new folder and returns its path.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantRefused loads a spec of a bad file: the error is one line with the given words, and was found with little memory.
func wantRefused(t *testing.T, name, spec, want string) {
	t.Helper()
	const enough = 16 << 20 // bytes; the files of these tests are below a megabyte unless they expand
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Load(spec, Options{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: error %v, want one line with %q", name, err, want)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > enough {
		t.Errorf("%s: %d bytes allocated", name, n)
	}
}

// xs and ys are the inputs and the targets of a set.
func xs(s Set) []float64 { return s.X.Float64s() }

func ys(s Set) []float64 {
	y := make([]float64, s.Len()*s.Targets())
	if err := ReadTargets(s, 0, y); err != nil {
		panic(err)
	}
	return y
}

// checkSplit reports what must hold of any split that Load returns.
func checkSplit(t *testing.T, split *Split) {
	t.Helper()
	for _, s := range []Set{split.Train, split.Test} {
		if s.X.Len() != s.Len()*s.Size() || len(s.Y) != s.Len()*s.Outputs || s.Size() < 1 || s.Targets() < 1 || (s.Outputs == 0) == (s.Classes == 0) {
			t.Fatalf("shape %v, %d classes, %d outputs, %d, %d and %d numbers", s.Shape, s.Classes, s.Outputs, s.X.Len(), len(s.Y), len(s.Labels))
		}
		if err := s.checkFinite(); err != nil {
			t.Fatal(err)
		}
		Inspect(s) // counts the classes, and panics where one is out of range
	}
	if split.Train.Len() == 0 {
		t.Fatal("no training examples")
	}
}

// A file that is nowhere is named once for each place where it was looked for.
func TestMissingFilesAreNamedOnce(t *testing.T) {
	t.Setenv("DRIFT_DATA", "elsewhere")
	for dir, want := range map[string]string{
		"":          "there is no none.zip, nor elsewhere/none.zip",
		".":         "there is no none.zip, nor elsewhere/none.zip",
		"elsewhere": "there is no none.zip, nor elsewhere/none.zip",
		"mine":      "there is no none.zip, nor mine/none.zip, nor elsewhere/none.zip",
	} {
		if _, err := findFile(dir, "none.zip"); err == nil || err.Error() != want {
			t.Errorf("in %q: %v, want %q", dir, err, want)
		}
	}
}

// Devices may have no end: no reader begins with one.
func TestRefusesDevices(t *testing.T) {
	for _, spec := range []string{"text:", "tokens:", "npz:", "csv:", "images:"} {
		wantRefused(t, spec, spec+os.DevNull, "no regular file")
	}
}

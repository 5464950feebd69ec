package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeNPY writes an array of numbers of a dtype whose bytes are given.
func writeNPY(t testing.TB, name, descr string, shape []int, raw []byte) string {
	t.Helper()
	dims := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ","), "[]") + ","
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, dims)
	file := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, append(append(file, header...), raw...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsOf is all inputs and targets of a set.
func rowsOf(t testing.TB, s Set) []float64 {
	t.Helper()
	var all []float64
	for i := range s.Len() {
		x, y := make([]float64, s.Size()), make([]float64, s.Targets())
		if err := s.ReadRow(i, x, y); err != nil {
			t.Fatal(err)
		}
		all = append(append(all, x...), y...)
	}
	return all
}

// sameRows compares the parts of a spec that is read at once with those that stay on disk.
func sameRows(t *testing.T, spec string) *Split {
	t.Helper()
	load := func(stream string) *Split {
		split, err := Load(spec+",stream="+stream, Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		return split
	}
	memory, disk := load("off"), load("on")
	for i, part := range [][2]Set{{memory.Train, disk.Train}, {memory.Valid, disk.Valid}, {memory.Test, disk.Test}} {
		if part[0].Rows != nil || part[1].Len() > 0 && part[1].Rows == nil {
			t.Fatalf("%s: part %d is in the wrong place", spec, i)
		}
		part[1].Name = part[0].Name
		a, b := part[0], part[1]
		if a.Len() != b.Len() || !slices.Equal(rowsOf(t, a), rowsOf(t, b)) {
			t.Errorf("%s: part %d has %d and %d examples, or others", spec, i, a.Len(), b.Len())
		}
		if len(a.Shape) != len(b.Shape) || a.Classes != b.Classes || a.Tokens != b.Tokens || a.Positions != b.Positions || a.Outputs != b.Outputs {
			t.Errorf("%s: part %d is %+v and %+v", spec, i, a, b)
		}
	}
	if Checksum(disk.Train) == Checksum(disk.Train.Slice(1, disk.Train.Len())) || Checksum(disk.Train) != Checksum(load("on").Train) {
		t.Errorf("%s: checksums do not tell examples apart", spec)
	}
	return disk
}

func tokenFile(t testing.TB, n int) string {
	var raw []byte
	for i := range n {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(i*i%301))
	}
	return writeNPY(t, "tokens.npy", "<u2", []int{n}, raw)
}

func TestTokensFromDisk(t *testing.T) {
	path := tokenFile(t, 700)
	for _, options := range []string{"context=8", "context=8,stride=3", "context=5,valid=0.2,train=40", "context=6,valid=7,test=3", "context=8,tokens=400"} {
		sameRows(t, "tokens:"+path+","+options)
	}
	small, err := Load("tokens:"+path, Options{})
	if err != nil || small.Train.Rows != nil {
		t.Errorf("a small file stays on disk: %v", err)
	}
}

func TestWhatCannotStayOnDiskIsRefused(t *testing.T) {
	path := tokenFile(t, 700)
	cut := filepath.Join(t.TempDir(), "cut.npy")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, raw[:len(raw)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	floats := writeNPY(t, "floats.npy", "<f4", []int{8}, make([]byte, 32))
	for spec, want := range map[string]string{
		"tokens:" + path + ",stream=maybe":             "stream=maybe: want on or off or auto",
		"tokens:" + cut + ",stream=on":                 "where its header says",
		"tokens:" + floats + ",stream=on":              "want one sequence of integers",
		"tokens:" + path + ",stream=on,label-noise=.1": "add stream=off",
		"tokens:" + path + ",stream=on,context=690":    "too few",
	} {
		if _, err := Load(spec, Options{}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", spec, err, want)
		}
	}
}

func TestImagesFromDisk(t *testing.T) {
	files := map[string][]byte{}
	for i := range 12 {
		img := image.NewGray(image.Rect(0, 0, 3, 2))
		for k := range img.Pix {
			img.Pix[k] = byte(17*i + 31*k)
		}
		var out bytes.Buffer
		if err := png.Encode(&out, img); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprintf("%s/%d.png", []string{"cat", "dog", "eel"}[i%3], i)] = out.Bytes()
	}
	archive := filepath.Join(t.TempDir(), "pets.zip")
	if err := os.WriteFile(archive, zipped(t, files), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{inFolder(t, files), archive} {
		for _, options := range []string{"", ",train=7", ",test=4,valid=2", ",size=2,channels=3"} {
			sameRows(t, "images:"+path+options)
		}
	}
	files["cat/broken.png"] = append([]byte(nil), files["cat/0.png"][:60]...)
	split, err := Load("images:"+inFolder(t, files)+",stream=on", Options{})
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range split.Train.Len() {
		if err := split.Train.ReadRow(i, make([]float64, 6), make([]float64, 1)); err != nil {
			failed++
			if !strings.Contains(err.Error(), "cat/broken.png") {
				t.Error(err)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d images are broken, want 1", failed)
	}
	if some, err := InMemory(sameRows(t, "images:"+archive).Train, 5); err != nil || some.Len() != 5 || some.Rows != nil || some.Labels[4] != 2 {
		t.Errorf("%+v, %v", some, err)
	}
}

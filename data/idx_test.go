package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// idx is an IDX file of the given type.
func idx(kind byte, dims []uint32, payload any) []byte {
	var b bytes.Buffer
	b.Write([]byte{0, 0, kind, byte(len(dims))})
	binary.Write(&b, binary.BigEndian, dims)
	binary.Write(&b, binary.BigEndian, payload)
	return b.Bytes()
}

// idxDir is a folder with the given files.
func idxDir(t testing.TB, files map[string][]byte) string {
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestIDXNumbersOfEveryType(t *testing.T) {
	for _, c := range []struct {
		kind    byte
		payload any
		want    []float64
	}{
		{0x08, []uint8{0, 7, 255}, []float64{0, 7, 255}},
		{0x09, []int8{-128, 0, 127}, []float64{-128, 0, 127}},
		{0x0b, []int16{-32768, 5, 32767}, []float64{-32768, 5, 32767}},
		{0x0c, []int32{math.MinInt32, 5, math.MaxInt32}, []float64{math.MinInt32, 5, math.MaxInt32}},
		{0x0d, []float32{-1.5, 0, math.MaxFloat32}, []float64{-1.5, 0, math.MaxFloat32}},
		{0x0e, []float64{-1.5, 0, math.Pi}, []float64{-1.5, 0, math.Pi}},
	} {
		_, shape, got, err := readIDX(bytes.NewReader(idx(c.kind, []uint32{3}, c.payload)), math.MaxInt)
		if err != nil || !slices.Equal(got.Float64s(), c.want) || !slices.Equal(shape, []int{3}) {
			t.Errorf("type %#x: %v of shape %v, error %v, want %v", c.kind, got, shape, err, c.want)
		}
	}
}

func TestIDXFolder(t *testing.T) {
	images := func(n uint32) []byte { return idx(8, []uint32{n, 2, 2}, bytes.Repeat([]byte{0, 51, 102, 255}, int(n))) }
	dir := idxDir(t, map[string][]byte{
		"train-images-idx3-ubyte.gz": gzipped(t, images(3)), "train-labels-idx1-ubyte": idx(8, []uint32{3}, []byte{1, 0, 2}),
		"t10k-images.idx3-ubyte": images(2), "t10k-labels.idx1-ubyte.gz": gzipped(t, idx(8, []uint32{2}, []byte{2, 2})),
	})
	split := mustLoad(t, "idx:"+dir, Options{})
	checkSplit(t, split)
	if s := split.Train; !slices.Equal(s.Shape, []int{1, 2, 2}) || s.Classes != 3 || s.Len() != 3 || split.Test.Len() != 2 {
		t.Errorf("shape %v, %d classes, %d + %d examples", s.Shape, s.Classes, s.Len(), split.Test.Len())
	}
	if x, y := split.Train.Example(2); !slices.Equal(x, []float64{0, 0.2, 0.4, 1}) || y[0] != 2 {
		t.Errorf("example 2 is %v of class %v", x, y)
	}
	// Names such as mnist read the same layout, and find it wherever the search path leads.
	for _, o := range []Options{{Dir: dir}, {Dir: filepath.Dir(dir)}} {
		if filepath.Base(dir) != "mnist" {
			os.Rename(dir, filepath.Join(filepath.Dir(dir), "mnist"))
			dir, o.Dir = filepath.Join(filepath.Dir(dir), "mnist"), filepath.Join(filepath.Dir(dir), "mnist")
		}
		if named := mustLoad(t, "mnist,train=2,test=1,normalize=off", o); !slices.Equal(xs(named.Train), xs(split.Train)[:8]) {
			t.Errorf("in %s: other images than by the path", o.Dir)
		}
	}
}

func TestIDXRefusesBadFiles(t *testing.T) {
	good := map[string][]byte{
		"train-images": idx(8, []uint32{2, 2, 2}, make([]byte, 8)), "train-labels": idx(8, []uint32{2}, []byte{0, 9}),
	}
	huge := idx(8, []uint32{60000, 28, 28}, make([]byte, 100))
	bomb := gzipped(t, idx(8, []uint32{1 << 17, 1 << 10}, make([]byte, 1<<27)))
	for _, c := range []struct {
		name, file string
		content    []byte
		want       string
	}{
		{"empty", "train-images", nil, "not an IDX file"},
		{"text", "train-images", []byte("hello, world"), "not an IDX file"},
		{"unknown type", "train-images", idx(7, []uint32{2, 2, 2}, make([]byte, 8)), "type 0x7"},
		{"no dimensions", "train-images", []byte{0, 0, 8, 0}, "0 dimensions"},
		{"many dimensions", "train-images", []byte{0, 0, 8, 255}, "255 dimensions"},
		{"cut header", "train-images", []byte{0, 0, 8, 3, 0, 0}, "within its header"},
		{"absurd shape", "train-images", idx(8, []uint32{1 << 31, 1 << 31, 1 << 31}, []byte{1}), "more than"},
		{"truncated", "train-images", huge, "ends early: after 100 of 47040000"},
		{"trailing", "train-images", idx(8, []uint32{2, 2, 2}, make([]byte, 9)), "more in the file"},
		{"other number of labels", "train-labels", idx(8, []uint32{3}, make([]byte, 3)), "do not go with"},
		{"labels of two dimensions", "train-labels", idx(8, []uint32{2, 1}, make([]byte, 2)), "do not go with"},
		{"no examples", "train-images", idx(8, []uint32{0, 2, 2}, []byte{}), "do not go with"},
		{"empty images", "train-images", idx(8, []uint32{2, 0, 2}, []byte{}), "hold nothing"},
		{"fractional label", "train-labels", idx(13, []uint32{2}, []float32{0, 1.5}), "is 1.5, want a whole number"},
		{"NaN label", "train-labels", idx(13, []uint32{2}, []float32{0, float32(math.NaN())}), "is NaN"},
		{"negative label", "train-labels", idx(9, []uint32{2}, []int8{0, -1}), "is -1"},
		{"absurd label", "train-labels", idx(12, []uint32{2}, []int32{0, 1 << 30}), "want a whole number"},
		{"label out of proportion", "train-labels", idx(12, []uint32{2}, []int32{0, 50000}), "classes=N"},
		{"NaN pixel", "train-images", idx(13, []uint32{2, 1, 1}, []float32{0, float32(math.NaN())}), "example 1 holds NaN"},
		{"damaged gzip", "train-images", gzipped(t, good["train-images"])[:20], "ends early"},
		{"gzip of nothing", "train-images", []byte{0x1f, 0x8b}, "EOF"},
		{"trailing gzip", "train-images", append(gzipped(t, good["train-images"]), "junk"...), "after the last number"},
		{"missing", "train-labels", nil, "no train-labels*"},
		{"no test labels", "t10k-images", good["train-images"], "no t10k-labels*"},
	} {
		files := map[string][]byte{"train-images": good["train-images"], "train-labels": good["train-labels"], c.file: c.content}
		if c.name == "missing" {
			delete(files, c.file)
		}
		wantRefused(t, c.name, "idx:"+idxDir(t, files), c.want)
	}
	if testing.Short() {
		return
	}
	// This one may expand up to its allowance, so that its memory is bounded by expandFree in float32, doubled by growth.
	dir := idxDir(t, map[string][]byte{"train-images": bomb, "train-labels": good["train-labels"]})
	if _, err := Load("idx:"+dir, Options{}); err == nil || !strings.Contains(err.Error(), "decompression bomb") {
		t.Errorf("bomb of %d bytes: error %v", len(bomb), err)
	}
}

func TestOnlyAFolderOfTheUserMayLackTheTestPart(t *testing.T) {
	dir := idxDir(t, map[string][]byte{
		"train-images": idx(8, []uint32{2, 2, 2}, make([]byte, 8)), "train-labels": idx(8, []uint32{2}, []byte{0, 9}),
	})
	if split := mustLoad(t, "idx:"+dir, Options{}); split.Train.Len() != 2 || split.Test.Len() != 0 {
		t.Errorf("%d + %d examples", split.Train.Len(), split.Test.Len())
	}
	_, err := Load("mnist", Options{Dir: dir})
	wantError(t, err, "no t10k-images*")
}

func TestAbsentDataSaysWhereItWasLookedForAndHowToGetIt(t *testing.T) {
	t.Setenv("DRIFT_DATA", "/nowhere/else")
	_, err := Load("cifar10", Options{Dir: "/nowhere"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"/nowhere/cifar10", "/nowhere/else", filepath.Join(systemDir, "cifar10"), "download the data set cifar10"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not mention %s", err, want)
		}
	}
}

// The published statistics, to the four digits that they are known by.
func TestFashionMNIST(t *testing.T) {
	split, err := Load("fashion-mnist,normalize=off", Options{Dir: "../../shared/data"})
	if err != nil {
		t.Skipf("Fashion-MNIST is not here: %v", err)
	}
	checkSplit(t, split)
	sum, source := Inspect(split.Train), fashionSource()
	if sum.Examples != 60000 || split.Test.Len() != 10000 || slices.Max(sum.Counts) != 6000 || slices.Min(sum.Counts) != 6000 {
		t.Errorf("%+v", sum)
	}
	if math.Abs(sum.Mean-source.mean[0]) > 5e-5 || math.Abs(sum.Std-source.std[0]) > 5e-5 {
		t.Errorf("mean %.5f and standard deviation %.5f, want %v and %v", sum.Mean, sum.Std, source.mean, source.std)
	}
}

func TestIDXPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pixels := rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "pixels")
		limit := rapid.IntRange(0, 5).Draw(t, "limit")
		file := idx(8, []uint32{3, 2, 2}, pixels)
		_, shape, got, err := readIDX(bytes.NewReader(file), limit)
		_, _, all, _ := readIDX(bytes.NewReader(file), math.MaxInt)
		if n := min(limit, 3); err != nil || !slices.Equal(shape, []int{n, 2, 2}) || !slices.Equal(got.Float64s(), all.Float64s()[:4*n]) {
			t.Fatalf("limit %d: %v of shape %v, error %v", limit, got, shape, err)
		}
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idx(8, []uint32{2, 2, 2}, make([]byte, 8)))
	f.Add(idx(14, []uint32{2}, make([]float64, 2)))
	f.Add(idx(8, []uint32{1 << 31, 1 << 31}, []byte{1}))
	f.Add(gzipped(f, idx(12, []uint32{1, 1, 1, 1}, []int32{5})))
	f.Add(gzipped(f, idx(12, []uint32{1, 1, 1, 1}, []int32{5}))[:12])
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := expand(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		_, shape, values, err := readIDX(r, math.MaxInt)
		if err != nil {
			return
		}
		count, _ := volume(shape)
		z, zerr := gzip.NewReader(bytes.NewReader(content))
		if zerr == nil {
			content, _ = io.ReadAll(z)
		}
		if values.Len() != count || values.Len() > len(content) {
			t.Fatalf("%d numbers of shape %v from %d bytes", values.Len(), shape, len(content))
		}
	})
}

package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Inputs without targets are those of the same examples with targets, in every form, normalized by what the others were.
func TestInputsWithoutTargets(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pixels := make([]byte, 5*2*3*3)
	for i := range pixels {
		pixels[i] = byte(i * i)
	}
	x := writeNPY(t, "x.npy", "|u1", []int{5, 2, 3, 3}, pixels)
	y := writeNPY(t, "y.npy", "|u1", []int{5}, []byte{0, 1, 2, 1, 0})
	ids := writeNPY(t, "ids.npy", "<i4", []int{2, 4}, littleEndian(1, 2, 3, 4, 4, 3, 2, 1))
	idx := t.TempDir()
	writeIDXPair(t, idx, "train", 5, false)
	writeIDXPair(t, idx, "t10k", 5, true)
	inputs := writeNPY(t, "ids.npy", "<i4", []int{2, 3}, littleEndian(1, 2, 3, 4, 3, 2))
	for _, c := range []struct{ labelled, alone string }{
		{"npy:" + x + ",y=" + y + ",layout=chw", "npy:" + x + ",layout=chw"},
		{"npy:" + x + ",y=" + y + ",layout=hwc,scale=255,normalize=on", "npy:" + x + ",layout=hwc,scale=255"},
		{"npy:" + x + ",y=" + y + ",layout=hwc,normalize=on", "npy:" + x + ",layout=hwc,stream=on"},
		{"csv:" + file("a.csv", "a,b,y\n1,2,0\n3,5,1\n4,4,1\n") + ",normalize=on", "csv:" + file("b.csv", "a,b\n1,2\n3,5\n4,4\n")},
		{"csv:" + file("a.csv", "a,b,y\n1,2,0\n3,5,1\n4,4,1\n") + ",drop=b", "csv:" + file("c.csv", "a\n1\n3\n4\n")},
		{"tokens:" + ids, "tokens:" + inputs},
		{"idx:" + idx, "idx:" + idx + "/train-images-idx3-ubyte"},
		{"idx:" + idx + ",normalize=on", "idx:" + idx + "/train-images-idx3-ubyte,stream=on"},
		{"idx:" + idx + ",scale=2", "idx:" + idx + "/t10k-images-idx3-ubyte,scale=2"},
	} {
		split, err := Load(c.labelled, Options{})
		if err != nil {
			t.Fatal(err)
		}
		alone, err := LoadInputs(c.alone, Options{})
		if err == nil {
			alone, err = alone.For(split)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.alone, err)
		}
		if alone.Len() != split.Train.Len() || alone.Targets() != split.Train.Targets() {
			t.Errorf("%s: %d examples, want %d", c.alone, alone.Len(), split.Train.Len())
		}
		for i := range alone.Len() {
			var got, want [2][]float64
			for k, s := range []Set{alone, split.Train} {
				got[k], want[k] = make([]float64, s.Size()), make([]float64, s.Targets())
				if err := s.ReadRow(i, got[k], want[k]); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got[0], got[1]) {
				t.Errorf("%s: example %d is %v, want %v", c.alone, i, got[0], got[1])
			}
		}
	}
	split, err := Load("gaussian,dim=4,train=9", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]string{
		"npy:" + x + ",layout=chw": "have shape [2 3 3]", "tokens:" + ids: "either these or the examples", "glyphs": "want npy:X.npy",
		"npy:" + x + ",y=" + y: "unknown option y", "npz:" + x: "not an NPZ file", "tokens:" + x: "want integers [N,T]", "images:" + dir: "no PNG or JPEG",
		"idx:" + idx: "name the file of images in it", "idx:" + idx + "/train-labels-idx1-ubyte": "want images", "idx:" + x: "not an IDX file",
	} {
		alone, err := LoadInputs(spec, Options{})
		if err == nil {
			_, err = alone.For(split)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", spec, err, want)
		}
	}
}

// Images need no folders of classes, and come in the order of their names.
func TestImagesWithoutTargets(t *testing.T) {
	files := map[string][]byte{}
	for i := range 4 {
		files[fmt.Sprintf("%d/%d.png", i%2, i)] = grayPNG(t, byte(50*i))
		files[fmt.Sprintf("plain%d.png", i)] = grayPNG(t, byte(50*i+1))
	}
	for _, how := range []string{"", ",stream=on"} {
		s, err := LoadInputs("images:"+inFolder(t, files)+how, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err = s.For(&Split{Train: Set{Shape: []int{1, 2, 3}, Outputs: 2}})
		if err != nil {
			t.Fatal(err)
		}
		var first []float64
		for i := range s.Len() {
			x := make([]float64, 6)
			if err := s.ReadRow(i, x, make([]float64, 2)); err != nil {
				t.Fatal(err)
			}
			first = append(first, 255*x[0])
		}
		if want := []float64{0, 100, 50, 150, 1, 51, 101, 151}; !slices.Equal(first, want) {
			t.Errorf("%s: images of %v, want %v", how, first, want)
		}
	}
}

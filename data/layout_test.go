package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The same images are read from either order of their axes.
func TestChannelsFirstUndoesChannelsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, h, w, c := rapid.IntRange(1, 3).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "h"), rapid.IntRange(1, 5).Draw(t, "w"), rapid.IntRange(1, 4).Draw(t, "c")
		first, last := make([]int, n*h*w*c), make([]int, n*h*w*c)
		for i := range first {
			x, y, channel, example := i%w, i/w%h, i/(w*h)%c, i/(w*h*c)
			first[i], last[((example*h+y)*w+x)*c+channel] = i, i
		}
		if got := channelsFirst[int](h*w, c)(last); !slices.Equal(got, first) {
			t.Fatalf("%v, want %v", got, first)
		}
	})
}

func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		shape         string
		elements      int
		options, want string // the shape of an example, or of an error
	}{
		"a row":                     {"(2, 5)", 10, "", "[5]"},
		"numbers":                   {"(2,)", 2, "", "[1]"},
		"grey":                      {"(2, 7, 6)", 84, "", "[1 7 6]"},
		"grey, said":                {"(2, 7, 6)", 84, ",layout=hwc", "[1 7 6]"},
		"channels first":            {"(2, 3, 7, 6)", 252, "", "[3 7 6]"},
		"channels first, said":      {"(2, 3, 7, 6)", 252, ",layout=chw", "[3 7 6]"},
		"channels last":             {"(2, 7, 6, 3)", 252, ",layout=hwc", "[3 7 6]"},
		"channels last, unsaid":     {"(2, 7, 6, 3)", 252, "", "look like images with their channels last"},
		"seven channels, said":      {"(2, 7, 6, 3)", 252, ",layout=chw", "[7 6 3]"},
		"small maps":                {"(2, 64, 4, 4)", 2048, "", "[64 4 4]"},
		"small, channels last":      {"(2, 4, 4, 3)", 96, "", "look like images with their channels last"},
		"small, one channel last":   {"(2, 4, 4, 1)", 32, "", "look like images with their channels last"},
		"wide images, three high":   {"(2, 1, 3, 9)", 54, "", "[1 3 9]"},
		"four axes":                 {"(2, 1, 2, 2, 2)", 16, "", "[1 2 2 2]"},
		"four axes with a layout":   {"(2, 1, 2, 2, 2)", 16, ",layout=hwc", "are no images"},
		"rows with a layout":        {"(2, 5)", 10, ",layout=hwc", "are no images"},
		"a layout that there isn't": {"(2, 5)", 10, ",layout=cwh", "chw or hwc"},
	} {
		file := write(t, "a.npz", zipOf(t, map[string][]byte{"x": npy("|u1", false, c.shape, make([]uint8, c.elements)), "y": npy("<i8", false, "(2,)", []int64{0, 1})}))
		split, err := Load("npz:"+file+c.options, Options{})
		if !strings.HasPrefix(c.want, "[") {
			wantError(t, err, c.want)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkSplit(t, split)
		if fmt.Sprint(split.Train.Shape) != c.want {
			t.Errorf("%s: shape %v, want %s", name, split.Train.Shape, c.want)
		}
	}
}

func TestNPYFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"X.npy": npy("|u1", false, "(2, 2)", []uint8{0, 51, 102, 255}), "y.npy": npy("<i8", false, "(2,)", []int64{1, 0}),
		"X,1.npy": npy("<f4", false, "(2, 1)", []float32{5, 6}), "y,1=2.npy": npy("<f8", false, "(2, 1)", []float64{0.5, 7}), "t.npy": []byte("text"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := mustLoad(t, "npy:X.npy,y=y.npy,scale=255", Options{Dir: dir}).Train
	if s.Classes != 2 || !slices.Equal(xs(s), []float64{0, 0.2, 0.4, 1}) || !slices.Equal(ys(s), []float64{1, 0}) {
		t.Errorf("%+v", s)
	}
	split := mustLoad(t, "npy:X,1.npy,y=y,1=2.npy,test=1", Options{Dir: dir})
	if s := split.Train; s.Classes != 0 || s.Outputs != 1 || s.Len() != 1 || split.Test.Len() != 1 {
		t.Errorf("%+v", s)
	}
	for spec, want := range map[string]string{
		"npy:X.npy":                  "add y=FILE",
		"npy:none.npy,y=y.npy":       "there is no none.npy",
		"npy:X.npy,y=none.npy":       "there is no none.npy",
		"npy:t.npy,y=y.npy":          "not an NPY array",
		"npy:X.npy,y=y.npy,classe=2": "unknown option classe",
		"npy:X.npy,y=y.npy,scale=0":  "scale=0",
	} {
		_, err := Load(spec, Options{Dir: dir})
		wantError(t, err, want)
	}
}

// A path may hold commas and equals signs; what is left of the spec are options.
func TestPathsWithCommas(t *testing.T) {
	file := zipOf(t, map[string][]byte{"x": npy("<f4", false, "(2, 1)", []float32{5, 6}), "y": npy("<i8", false, "(2,)", []int64{0, 1})})
	for _, name := range []string{"a,b.npz", "a,lr=0.1,b.npz", ",.npz", "a=b.npz"} {
		path := write(t, name, file)
		for _, options := range []string{"", ",classes=3", ",test=1,classes=3"} {
			if split := mustLoad(t, "npz:"+path+options, Options{}); split.Train.Len()+split.Test.Len() != 2 {
				t.Errorf("%s%s: %d examples", name, options, split.Train.Len())
			}
		}
	}
	plain := write(t, "a.npz", file)
	for spec, want := range map[string]string{
		"npz:" + plain + ",trian=1":       "unknown option trian",
		"npz:" + plain + ",train":         "want name=value",
		"npz:" + plain + "x,b.npz":        "there is no " + plain + "x,b.npz",
		"npz:" + plain + "x,b.npz,test=1": "there is no " + plain + "x,b.npz",
	} {
		_, err := Load(spec, Options{})
		wantError(t, err, want)
	}
}

func TestIDXNames(t *testing.T) {
	images, labels := idx(8, []uint32{2, 2, 2}, make([]byte, 8)), idx(8, []uint32{2}, []byte{0, 1})
	for name, c := range map[string]struct {
		files  []string // sets of images, with the labels that go with them
		path   string   // below the folder
		test   int
		failed string
	}{
		"MNIST":               {[]string{"train-*-idx3-ubyte", "t10k-*-idx3-ubyte"}, "", 2, ""},
		"dots":                {[]string{"train-*.idx3-ubyte", "t10k-*.idx3-ubyte"}, "", 2, ""},
		"test":                {[]string{"train-*", "test-*"}, "", 2, ""},
		"EMNIST":              {[]string{"emnist-letters-train-*-idx3-ubyte", "emnist-letters-test-*-idx3-ubyte"}, "", 2, ""},
		"without a test part": {[]string{"emnist-letters-train-*"}, "", 0, ""},
		"two of EMNIST":       {[]string{"emnist-letters-train-*", "emnist-digits-train-*"}, "", 0, "choose with idx:DIR/NAME"},
		"one of two":          {[]string{"emnist-letters-train-*", "emnist-digits-train-*", "emnist-digits-test-*"}, "/emnist-digits", 2, ""},
		"another":             {[]string{"emnist-letters-train-*", "emnist-digits-train-*", "emnist-digits-test-*"}, "/emnist-letters", 0, ""},
		"none of two":         {[]string{"emnist-letters-train-*", "emnist-digits-train-*"}, "/emnist-balanced", 0, "there is no"},
		"two test parts":      {[]string{"train-*", "t10k-*", "test-*"}, "", 0, "choose with"},
		"training only":       {[]string{"t10k-*"}, "", 0, "no train-images*"},
	} {
		files := map[string][]byte{}
		for _, pattern := range c.files {
			files[strings.Replace(pattern, "*", "images", 1)] = images
			files[strings.Replace(pattern, "*", "labels", 1)] = labels
		}
		split, err := Load("idx:"+idxDir(t, files)+c.path, Options{})
		if c.failed != "" {
			wantError(t, err, c.failed)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if split.Train.Len() != 2 || split.Test.Len() != c.test {
			t.Errorf("%s: %d + %d examples", name, split.Train.Len(), split.Test.Len())
		}
	}
	// A file beside its compressed copy is one file.
	dir := idxDir(t, map[string][]byte{"train-images": images, "train-images.gz": gzipped(t, images), "train-labels": labels})
	if mustLoad(t, "idx:"+dir+",scale=1", Options{}).Train.Len() != 2 {
		t.Error("a compressed copy counts")
	}
}

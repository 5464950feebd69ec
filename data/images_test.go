package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// picture is an image of one colour with a white first pixel.
func picture(height, width int, c color.Color) image.Image {
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewNRGBA(image.Rect(0, 0, width, height))
	if _, grey := c.(color.Gray); grey {
		img = image.NewGray(image.Rect(0, 0, width, height))
	}
	for i := range height * width {
		img.Set(i%width, i/width, c)
	}
	img.Set(0, 0, color.White)
	return img
}

func asPNG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipped is an archive of files, in the order of their names.
func zipped(t testing.TB, files map[string][]byte) []byte {
	return archived(t, files, sortedKeys(files))
}

// archived is an archive of the named files.
func archived(t testing.TB, files map[string][]byte, names []string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(files[name])
	}
	w.Close()
	return b.Bytes()
}

func sortedKeys[T any](m map[string]T) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// inFolder writes files below a new folder.
func inFolder(t testing.TB, files map[string][]byte) string {
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var (
	red  = color.NRGBA{255, 0, 51, 255}
	grey = color.Gray{102}
)

func TestImagesInFoldersAndZips(t *testing.T) {
	p, q := asPNG(t, picture(2, 3, red)), asPNG(t, picture(2, 3, color.NRGBA{0, 0, 0, 255}))
	for name, c := range map[string]struct {
		files              []string
		options            string
		train, test, valid int
		classes            []string
	}{
		"training alone":         {[]string{"dog/1.png", "cat/1.png", "cat/2.png"}, "", 3, 0, 0, []string{"cat", "dog"}},
		"parts":                  {[]string{"train/a/1.png", "train/b/1.png", "test/a/1.png"}, "", 2, 1, 0, []string{"a", "b"}},
		"validation":             {[]string{"Train/a/1.png", "Train/b/1.png", "val/b/1.png", "test/b/2.png"}, "", 2, 1, 1, []string{"a", "b"}},
		"a folder around":        {[]string{"set/v1/train/a/1.png", "set/v1/train/b/1.png", "set/v1/test/a/1.png"}, "", 2, 1, 0, []string{"a", "b"}},
		"folders in a class":     {[]string{"a/x/1.png", "a/y/1.png", "b/1.png"}, "", 3, 0, 0, []string{"a", "b"}},
		"what systems put there": {[]string{"a/1.png", "b/1.png", ".DS_Store", "a/.hidden.png", "__MACOSX/a/1.png", "a/Thumbs.db"}, "", 2, 0, 0, []string{"a", "b"}},
		"capitals":               {[]string{"a/1.PNG", "b/1.Png"}, "", 2, 0, 0, []string{"a", "b"}},
		"some of every class":    {[]string{"a/1.png", "a/2.png", "a/3.png", "b/1.png", "c/1.png", "c/2.png"}, ",train=4", 4, 0, 0, []string{"a", "b", "c"}},
		"some to test":           {[]string{"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"}, ",train=2,test=2", 2, 2, 0, []string{"a", "b"}},
		"a class called test":    {[]string{"a/1.png", "test/2.png"}, "", 2, 0, 0, []string{"a", "test"}},
		"one class":              {[]string{"a/1.png", "a/2.png"}, "", 2, 0, 0, []string{"a"}},
	} {
		files := map[string][]byte{}
		for i, file := range c.files {
			files[file] = [][]byte{p, q}[i%2]
		}
		var sums []string
		for _, path := range []string{inFolder(t, files), write(t, "a.zip", zipped(t, files))} {
			split, err := Load("images:"+path+c.options, Options{Seed: 1})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if split.Test.Len() == 0 {
				split.Test.Outputs = 0
			}
			if split.Train.Len() != c.train || split.Test.Len() != c.test || split.Valid.Len() != c.valid || !slices.Equal(split.ClassNames, c.classes) || len(split.Notices) > 0 {
				t.Errorf("%s: %d + %d + %d examples of %q, notices %q", name, split.Train.Len(), split.Test.Len(), split.Valid.Len(), split.ClassNames, split.Notices)
			}
			checkSplit(t, split)
			sums = append(sums, Checksum(split.Train, split.Test, split.Valid))
		}
		if len(sums) == 2 && sums[0] != sums[1] {
			t.Errorf("%s: the zip holds other data than the folder", name)
		}
	}
	counts := Inspect(mustLoad(t, "images:"+inFolder(t, map[string][]byte{
		"a/1.png": p, "a/2.png": p, "a/3.png": p, "b/1.png": p, "c/1.png": p, "c/2.png": p}), Options{}).Train).Counts
	if !slices.Equal(counts, []int{3, 1, 2}) {
		t.Errorf("classes have %v examples", counts)
	}
}

func TestImagePixels(t *testing.T) {
	paletted := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.White, red})
	for i := 1; i < 6; i++ {
		paletted.Pix[i] = 1
	}
	veiled := asPNG(t, picture(2, 3, color.NRGBA{255, 0, 51, 128}))
	for name, c := range map[string]struct {
		file      []byte
		options   string
		shape     []int
		want      []float64 // of the last pixel
		tolerance float64
	}{
		"colour":           {asPNG(t, picture(2, 3, red)), "", []int{3, 2, 3}, []float64{1, 0, 0.2}, 0},
		"grey":             {asPNG(t, picture(2, 3, grey)), "", []int{1, 2, 3}, []float64{0.4}, 0},
		"grey as colour":   {asPNG(t, picture(2, 3, grey)), ",channels=3", []int{3, 2, 3}, []float64{0.4, 0.4, 0.4}, 0},
		"colour as grey":   {asPNG(t, picture(2, 3, red)), ",channels=1", []int{1, 2, 3}, []float64{0.299 + 0.2*0.114}, 1. / 255},
		"a palette":        {asPNG(t, paletted), "", []int{3, 2, 3}, []float64{1, 0, 0.2}, 0},
		"half transparent": {veiled, "", []int{3, 2, 3}, []float64{1, 0, 0.2}, 0},
		"JPEG":             {asJPEG(t, picture(32, 32, red)), "", []int{3, 32, 32}, []float64{1, 0, 0.2}, 4. / 255},
		"grey JPEG":        {asJPEG(t, picture(32, 32, grey)), "", []int{1, 32, 32}, []float64{0.4}, 2. / 255},
		"larger":           {asPNG(t, picture(2, 3, red)), ",size=8x5", []int{3, 8, 5}, []float64{1, 0, 0.2}, 0},
		"smaller":          {asPNG(t, picture(40, 31, red)), ",size=4", []int{3, 4, 4}, []float64{1, 0, 0.2}, 1. / 255},
		"one pixel":        {asPNG(t, picture(400, 1, red)), ",size=2x9", []int{3, 2, 9}, []float64{1, 0, 0.2}, 0},
	} {
		s := mustLoad(t, "images:"+inFolder(t, map[string][]byte{"a/1.png": c.file, "b/1.jpeg": c.file})+c.options, Options{}).Train
		if !slices.Equal(s.Shape, c.shape) {
			t.Errorf("%s: shape %v", name, s.Shape)
			continue
		}
		x, _ := s.Example(1)
		plane := c.shape[1] * c.shape[2]
		for k, want := range c.want {
			if got := x[(k+1)*plane-1]; math.Abs(got-want) > c.tolerance {
				t.Errorf("%s: channel %d is %v, want %v", name, k, got, want)
			}
		}
		if c.options == "" && c.tolerance == 0 && x[0] != 1 {
			t.Errorf("%s: the first pixel is %v", name, x[0])
		}
	}
}

// pngOf is a PNG file with a header of the given size and the data of a small one.
func pngOf(t testing.TB, height, width uint32) []byte {
	file := bytes.Clone(asPNG(t, picture(2, 2, red)))
	binary.BigEndian.PutUint32(file[16:], width)
	binary.BigEndian.PutUint32(file[20:], height)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestImagesRefuseBadFiles(t *testing.T) {
	good := asPNG(t, picture(2, 2, red))
	deep := image.NewGray16(image.Rect(0, 0, 2, 2))
	for name, c := range map[string]struct {
		files         map[string][]byte
		options, want string
	}{
		"no images":             {map[string][]byte{"a/readme.txt": nil}, "", "there are no PNG or JPEG files"},
		"no classes":            {map[string][]byte{"1.png": good, "2.png": good}, "", "1.png is in no folder of a class"},
		"an image beside":       {map[string][]byte{"a/1.png": good, "2.png": good}, "", "2.png is in no folder"},
		"no classes in a part":  {map[string][]byte{"train/1.png": good, "train/a/2.png": good}, "", "train/1.png is in no folder"},
		"a folder beside parts": {map[string][]byte{"train/a/1.png": good, "extra/a/1.png": good}, "", "extra/a/1.png is beside"},
		"a class to test alone": {map[string][]byte{"train/a/1.png": good, "test/b/1.png": good}, "", `no training images of class "b"`},
		"text":                  {map[string][]byte{"a/1.png": good, "b/1.jpg": []byte("hello")}, "", "b/1.jpg: neither a PNG nor a JPEG file"},
		"nothing":               {map[string][]byte{"a/1.png": nil, "b/1.jpg": good}, "", "a/1.png: neither a PNG"},
		"half":                  {map[string][]byte{"a/1.png": good, "b/1.png": good[:50]}, "", "b/1.png: png: invalid format"},
		"damaged":               {map[string][]byte{"a/1.png": good, "b/1.png": append(bytes.Clone(good[:45]), bytes.Repeat([]byte{7}, 60)...)}, "", "b/1.png: "},
		"another size":          {map[string][]byte{"a/1.png": good, "b/1.png": asPNG(t, picture(2, 3, red))}, "", "b/1.png: 2×3 pixels, the first image has 2×2: say which size all shall have"},
		"other channels":        {map[string][]byte{"a/1.png": good, "b/1.png": asPNG(t, picture(2, 2, grey))}, "", "channels=1 for grey or channels=3"},
		"16 bits":               {map[string][]byte{"a/1.png": asPNG(t, deep), "b/1.png": good}, "", "16 bits a channel"},
		"an absurd size":        {map[string][]byte{"a/1.png": pngOf(t, 1<<20, 1<<20), "b/1.png": good}, "", "decompression bomb"},
		"a large size":          {map[string][]byte{"a/1.png": good, "b/1.png": pngOf(t, 2000, 2000)}, ",size=2", "decompression bomb"},
		"two channels":          {map[string][]byte{"a/1.png": good, "b/1.png": good}, ",channels=2", "want 1 or 3"},
		"a size of nothing":     {map[string][]byte{"a/1.png": good, "b/1.png": good}, ",size=0", "N or HxW"},
		"an absurd size asked":  {map[string][]byte{"a/1.png": good, "b/1.png": good}, ",size=5000", "N or HxW"},
		"too few":               {map[string][]byte{"a/1.png": good, "b/1.png": good}, ",train=3", "only 2"},
		"test images alone":     {map[string][]byte{"test/a/1.png": good, "test/b/1.png": good, "valid/b/2.png": good}, "", "there is no folder train beside test"},
	} {
		wantRefused(t, name, "images:"+inFolder(t, c.files)+c.options, c.want)
		wantRefused(t, name, "images:"+write(t, "a.zip", zipped(t, c.files))+c.options, c.want)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"upwards":    {zipped(t, map[string][]byte{"a/1.png": good, "../b/1.png": good}), "leads out of the archive"},
		"within":     {zipped(t, map[string][]byte{"a/1.png": good, "b/../../1.png": good}), "leads out of the archive"},
		"absolute":   {zipped(t, map[string][]byte{"a/1.png": good, "/b/1.png": good}), "leads out of the archive"},
		"Windows":    {zipped(t, map[string][]byte{"a/1.png": good, `b\1.png`: good}), "leads out of the archive"},
		"one twice":  {archived(t, map[string][]byte{"a/1.png": good, "b/1.png": good}, []string{"a/1.png", "b/1.png", "a/1.png"}), `two files of the archive are called "a/1.png"`},
		"text":       {[]byte("hello"), "neither a folder nor a zip"},
		"empty":      {zipped(t, nil), "there are no PNG or JPEG files"},
		"half a zip": {zipped(t, map[string][]byte{"a/1.png": good})[:60], "neither a folder nor a zip"},
	} {
		wantRefused(t, name, "images:"+write(t, "a.zip", c.file), c.want)
	}
	pipe := inFolder(t, map[string][]byte{"a/1.png": good})
	if err := os.Mkdir(filepath.Join(pipe, "b"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, filepath.Join(pipe, "b", "1.png")); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "a device", "images:"+pipe, "b/1.png: this is no regular file")
	wantRefused(t, "overlap", "images:"+write(t, "a.zip", overlapping(t, good)), "overlap")
	split := mustLoad(t, "images:"+inFolder(t, map[string][]byte{"a/1.png": good, "b/1.png": good, "README.md": nil, "b/1.webp": nil}), Options{})
	if len(split.Notices) != 1 || !strings.Contains(split.Notices[0], "2 files are not called .png") {
		t.Errorf("notices %q", split.Notices)
	}
}

// overlapping is an archive whose directory names the same large file many times.
func overlapping(t testing.TB, image []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	content := append(bytes.Clone(image), make([]byte, 1<<20)...)
	for i := range 200 {
		f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("a/%d.png", i), CompressedSize64: 1 << 16, UncompressedSize64: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		f.Write(content[:16])
	}
	w.Close()
	return b.Bytes()
}

// The real thing, where it is.
func TestCIFARAsJPEG(t *testing.T) {
	split, err := Load("images:cifar10-jpeg.zip,train=300,test=100", Options{Dir: "../../shared/data"})
	if err != nil {
		t.Skipf("the images are not here: %v", err)
	}
	checkSplit(t, split)
	sum := Inspect(split.Train)
	if slices.Min(sum.Counts) != 30 || slices.Max(sum.Counts) != 30 || split.Test.Len() != 100 || !slices.Equal(sum.Shape, []int{3, 32, 32}) || split.ClassNames[9] != "truck" {
		t.Errorf("%+v, %q", sum, split.ClassNames)
	}
	// 300 images whose means vary by 0.15 give the mean 0.473 of CIFAR-10 with a standard error of 0.01
	if math.Abs(sum.Mean-0.473) > 0.05 || math.Abs(sum.Std-0.25) > 0.05 {
		t.Errorf("mean %v, standard deviation %v", sum.Mean, sum.Std)
	}
}

func FuzzImage(f *testing.F) {
	f.Add(asPNG(f, picture(2, 3, red)), byte(0))
	f.Add(asJPEG(f, picture(9, 8, red)), byte(1))
	f.Add(asJPEG(f, picture(3, 3, grey)), byte(2))
	f.Add(pngOf(f, 1<<20, 1<<20), byte(3))
	f.Fuzz(func(t *testing.T, file []byte, choice byte) {
		files := map[string][]byte{"a/1.png": file, "b/1.png": file}
		format := imageFormat{}
		if choice&1 > 0 {
			format.channels, format.convert = int(1+choice&2), true
		}
		if choice&4 > 0 {
			format.height, format.width, format.resize = 5, 4, true
		}
		r := &request{Spec: Spec{Name: "images", Path: "fuzz"}, train: -1, test: -1, normalize: true}
		archive := zipped(t, files)
		list, err := filesOfZip(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		if split, err := r.fromFiles(list, format); err == nil && r.finish(split, imagesSource()) == nil {
			checkSplit(t, split)
		}
	})
}

func FuzzImageZip(f *testing.F) {
	good := zipped(f, map[string][]byte{"train/a/1.png": asPNG(f, picture(2, 3, red)), "train/b/1.jpg": asJPEG(f, picture(2, 3, red)), "test/a/2.png": nil})
	f.Add(good)
	f.Add(good[:len(good)-20])
	f.Add(overlapping(f, nil))
	f.Fuzz(func(t *testing.T, archive []byte) {
		r := &request{Spec: Spec{Name: "images", Path: "fuzz"}, train: -1, test: -1}
		list, err := filesOfZip(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			return
		}
		if split, err := r.fromFiles(list, imageFormat{}); err == nil && r.finish(split, imagesSource()) == nil {
			checkSplit(t, split)
		}
	})
}

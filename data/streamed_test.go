package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
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

// augmented is all images of an epoch.
func augmented(t testing.TB, s Set) (all []float32) {
	t.Helper()
	from := NewAugmenter[float32](s, 4)
	for i := range s.Len() {
		image := make([]float32, s.Size())
		if err := from.Read(2, i, image); err != nil {
			t.Fatal(err)
		}
		all = append(all, image...)
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
	if memory.Redrawn != disk.Redrawn || !slices.Equal(memory.Mean, disk.Mean) || !slices.Equal(memory.Std, disk.Std) || !slices.Equal(memory.Notices, disk.Notices) {
		t.Errorf("%s: %d and %d labels are redrawn, means are %v and %v", spec, memory.Redrawn, disk.Redrawn, memory.Mean, disk.Mean)
	}
	for i, part := range [][2]Set{{memory.Train, disk.Train}, {memory.Valid, disk.Valid}, {memory.Test, disk.Test}} {
		if part[0].Rows != nil || part[1].Len() > 0 && part[1].Rows == nil {
			t.Fatalf("%s: part %d is in the wrong place", spec, i)
		}
		part[1].Name = part[0].Name
		a, b := part[0], part[1]
		if a.Len() != b.Len() || !slices.Equal(rowsOf(t, a), rowsOf(t, b)) {
			t.Errorf("%s: part %d has %d and %d examples, or others", spec, i, a.Len(), b.Len())
		}
		if b.StoresBytes() {
			lookedUp[float32](t, b)
		}
		if a.Augment != (Augmentation{}) && a.Len() > 0 && !slices.Equal(augmented(t, a), augmented(t, b)) {
			t.Errorf("%s: part %d is augmented in other ways", spec, i)
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
	for _, options := range []string{"context=8", "context=8,stride=3", "context=5,valid=0.2,train=40", "context=6,valid=7,test=3", "context=8,tokens=400", "context=8,label-noise=0.3"} {
		sameRows(t, "tokens:"+path+","+options)
	}
	small, err := Load("tokens:"+path, Options{})
	if err != nil || small.Train.Rows != nil {
		t.Errorf("a small file stays on disk: %v", err)
	}
}

// Texts of one to four bytes a character, longer than the distance between known characters, by character and by byte.
func TestTextsFromDisk(t *testing.T) {
	for name, word := range map[string]string{"ascii": "to be or not ", "mixed": "añb😀 ∂Σ\r\n", "marked": "\ufeffa\ufeffbc"} {
		var text strings.Builder
		for i := range 900 {
			fmt.Fprint(&text, word[:len(word)-i%2], i)
		}
		if name == "mixed" { // and cut between characters
			text.Reset()
			for i := range 900 {
				fmt.Fprint(&text, word, i)
			}
		}
		path := write(t, name+".txt", []byte(text.String()))
		for _, options := range []string{"", ",level=byte", ",context=1,stride=700", ",context=1500,train=2,test=0", ",stride=3,valid=0.2,train=40", ",valid=7,test=3,label-noise=0.3"} {
			disk := sameRows(t, "text:"+path+options)
			memory := mustLoad(t, "text:"+path+options, Options{})
			if !slices.Equal(disk.ClassNames, memory.ClassNames) || !slices.Equal(disk.Alphabet.characters, memory.Alphabet.characters) {
				t.Errorf("%s%s: characters %q on disk, %q in memory", name, options, disk.ClassNames, memory.ClassNames)
			}
		}
	}
}

// A text that stays on disk takes memory for its marks, and none for what it says.
func TestTextsFromDiskTakeLittleMemory(t *testing.T) {
	path := write(t, "a.txt", []byte(strings.Repeat("to be or not to be, ", 1<<19))) // 10 MiB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	mustLoad(t, "text:"+path+",stream=on", Options{})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes were allocated for a text of 10 MiB", took)
	}
}

// A text that is overwritten while it is read has other characters or fewer: that is an error and no other text.
func TestChangedTextsAreNoticed(t *testing.T) {
	path := write(t, "a.txt", []byte(strings.Repeat("to be ", 50)))
	split := mustLoad(t, "text:"+path+",context=5,stream=on", Options{})
	x, y := make([]float64, 5), make([]float64, 5)
	for content, want := range map[string]string{strings.Repeat("wxyz", 75): "has changed", "to": "EOF"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		wantError(t, split.Train.ReadRow(3, x, y), want)
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
	turned := writeNPY(t, "turned.npy", "<i4", []int{2, 3}, littleEndian(1, 2, 3, 4, 5, 6))
	asFortran(t, turned)
	gz, latin, empty := write(t, "a.txt.gz", gzipped(t, []byte("to be or not"))), write(t, "latin.txt", []byte("caf\xe9")), write(t, "empty.txt", nil)
	zipped := t.TempDir()
	writeIDXPair(t, zipped, "train", 3, true)
	for spec, want := range map[string]string{
		"tokens:" + path + ",stream=maybe":          "stream=maybe: want on or off or auto",
		"tokens:" + cut + ",stream=on":              "where its header says",
		"tokens:" + floats + ",stream=on":           "want integers",
		"tokens:" + path + ",stream=on,context=690": "too few",
		"tokens:" + turned + ",stream=on":           "save it in C order, or add stream=off",
		"idx:" + zipped + ",stream=on":              "unpack it, or add stream=off",
		"text:" + os.DevNull + ",stream=on":         "no regular file",
		"text:" + gz + ",stream=on":                 "unpack it, or add stream=off",
		"text:" + latin + ",stream=on":              "byte 3 is no UTF-8",
		"text:" + empty + ",stream=on":              "the file is empty",
		"text:" + empty + ",stream=on,level=byte":   "0 bytes are too few",
	} {
		if _, err := Load(spec, Options{}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", spec, err, want)
		}
	}
}

// grayPNG is an image of 3×2 pixels of one grey.
func grayPNG(t testing.TB, grey byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 3, 2))
	for k := range img.Pix {
		img.Pix[k] = grey
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
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
		for _, options := range append(manners, ",train=7", ",test=4,valid=2", ",size=2,channels=3") {
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

// Images that are decoded are kept as long as there is room, and are the same before and after, kept or not.
func TestDecodedImagesAreKept(t *testing.T) {
	files := map[string][]byte{}
	for i := range 5 {
		files[fmt.Sprintf("cat/%d.png", i)] = grayPNG(t, byte(40*i))
	}
	split, err := Load("images:"+inFolder(t, files)+",stream=on", Options{})
	if err != nil {
		t.Fatal(err)
	}
	kept := split.Train.Rows.(imageRows).kept
	kept.free.Store(15) // two of 6 bytes
	if first, again := rowsOf(t, split.Train), rowsOf(t, split.Train); !slices.Equal(first, again) || first[7*4] != 160./255 {
		t.Errorf("%v, then %v", first, again)
	}
	for i := range kept.images {
		if there := kept.images[i].Load() != nil; there != (i < 2) {
			t.Errorf("image %d is kept: %v", i, there)
		}
	}
	if kept.free.Load() != 3 {
		t.Errorf("room for %d bytes is left, want 3", kept.free.Load())
	}
}

func littleEndian(values ...int32) (raw []byte) {
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
	}
	return raw
}

// asFortran makes an NPY file say that its first index runs fastest.
func asFortran(t testing.TB, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.Replace(raw, []byte("'fortran_order': False"), []byte("'fortran_order': True "), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// writeIDXPair writes n images of 2×3 pixels and their labels of three classes.
func writeIDXPair(t testing.TB, dir, part string, n int, compressed bool) {
	t.Helper()
	images, labels := []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 2, 0, 0, 0, 3}, []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
	for i := range n {
		for k := range 6 {
			images = append(images, byte(37*i+11*k*k))
		}
		labels = append(labels, byte(i%3))
	}
	for name, raw := range map[string][]byte{"-images-idx3-ubyte": images, "-labels-idx1-ubyte": labels} {
		if compressed {
			var out bytes.Buffer
			z := gzip.NewWriter(&out)
			if _, err := z.Write(raw); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			raw = out.Bytes()
		}
		if err := os.WriteFile(filepath.Join(dir, part+name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// manners are what a spec may do to any examples that are images.
var manners = []string{"", ",normalize=on", ",label-noise=0.5", ",test=3,valid=0.25", ",train=9,valid=3,normalize=on,label-noise=0.9",
	",augment=crop1+flip", ",augment=crop1+flip,enlarge=3,normalize=on,label-noise=0.2"}

func TestArraysFromDisk(t *testing.T) {
	pixels, halves, labels, shifts, places := []byte{}, []byte{}, []byte{}, []byte{}, []byte{}
	for i := range 14 {
		for k := range 5 * 4 * 3 {
			pixels = append(pixels, byte(i*29+k*k))
			halves = binary.LittleEndian.AppendUint16(halves, uint16(0x3c00+7*i+k))
		}
		labels = append(labels, byte(i%4))
		shifts = binary.LittleEndian.AppendUint32(shifts, math.Float32bits(float32(i*i)/7))
		places = append(places, littleEndian(int32(i%2), int32(i%3), NoLabel)...)
	}
	bytesX := writeNPY(t, "x.npy", "|u1", []int{14, 5, 4, 3}, pixels)
	halfX := writeNPY(t, "x.npy", "<f2", []int{14, 3, 5, 4}, halves)
	flatX := writeNPY(t, "x.npy", "<f2", []int{14, 60}, halves)
	classes := ",y=" + writeNPY(t, "y.npy", "|u1", []int{14}, labels)
	numbers := ",y=" + writeNPY(t, "y.npy", "<f4", []int{14}, shifts)
	several := ",y=" + writeNPY(t, "y.npy", "<i4", []int{14, 3}, places)
	for _, how := range manners {
		sameRows(t, "npy:"+bytesX+classes+",layout=hwc,scale=255"+how)
		sameRows(t, "npy:"+halfX+classes+how)
	}
	for _, how := range []string{"", ",normalize=on", ",test=3,valid=0.25"} {
		sameRows(t, "npy:"+flatX+numbers+how)
		sameRows(t, "npy:"+flatX+several+how)
	}
	folder := t.TempDir()
	writeIDXPair(t, folder, "train", 14, false)
	for _, how := range manners {
		sameRows(t, "idx:"+folder+how)
	}
	writeIDXPair(t, folder, "t10k", 5, false)
	for _, how := range manners {
		sameRows(t, "idx:"+folder+how)
	}
	asFortran(t, bytesX)
	if _, err := Load("npy:"+bytesX+classes+",layout=hwc", Options{}); err != nil {
		t.Error(err)
	}
}

func TestRowsOfTokensFromDisk(t *testing.T) {
	var rows []int32
	for i := range 20 {
		for k := range int32(6) {
			id := (int32(i) + k*k) % 9
			if int(k) > 1+i%6 {
				id = NoLabel
			}
			rows = append(rows, id)
		}
	}
	path := writeNPY(t, "rows.npy", "<i4", []int{20, 6}, littleEndian(rows...))
	for _, how := range []string{"", ",tokens=12", ",test=4,valid=0.2", ",train=7,label-noise=0.5"} {
		split := sameRows(t, "tokens:"+path+how)
		if noisy := strings.Contains(how, "noise"); noisy != (split.Redrawn > 0) {
			t.Errorf("%s: %d labels are redrawn", how, split.Redrawn)
		}
	}
	rows[7] = -5
	bad := writeNPY(t, "bad.npy", "<i4", []int{20, 6}, littleEndian(rows...))
	split, err := Load("tokens:"+bad+",tokens=12,stream=on", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := split.Train.ReadRow(1, make([]float64, 5), make([]float64, 5)); err == nil || !strings.Contains(err.Error(), "token 7 is -5") {
		t.Errorf("a token of -5: %v", err)
	}
}

// Whatever a file holds, tokens that are read from disk are those that are read at once, or an error of one line.
func FuzzTokensFromDisk(f *testing.F) {
	f.Add(npy("<i4", false, "(2, 4)", []int32{5, 1, 2, 3, 0, 7, -100, -100}))
	f.Add(npy("<u2", false, "(100,)", make([]uint16, 100)))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	path := filepath.Join(f.TempDir(), "fuzz.npy")
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var sets [2]Set
		var failed [2]error
		for i, where := range []string{"off", "on"} {
			split, err := Load("tokens:"+path+",context=3,tokens=1000000,stream="+where, Options{})
			if failed[i] = err; err == nil {
				sets[i] = split.Train
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is not one line", err)
			}
		}
		if failed[0] != nil || failed[1] != nil {
			return
		}
		if !slices.Equal(rowsOf(t, sets[0]), rowsOf(t, sets[1])) {
			t.Error("other tokens from disk")
		}
	})
}

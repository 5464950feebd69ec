package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// npy is an NPY array with the given header fields.
func npy(descr string, fortran bool, shape string, payload any) []byte {
	order := map[bool]string{false: "False", true: "True"}[fortran]
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(header)))
	b.WriteString(header)
	var endian binary.ByteOrder = binary.LittleEndian
	if descr[0] == '>' {
		endian = binary.BigEndian
	}
	binary.Write(&b, endian, payload)
	return b.Bytes()
}

// zipOf is an NPZ file of the given arrays, compressed.
func zipOf(t testing.TB, arrays map[string][]byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range arrays {
		f, err := w.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		f.Write(content)
	}
	w.Close()
	return b.Bytes()
}

func loadZip(t testing.TB, arrays map[string][]byte) *Split {
	t.Helper()
	return mustLoad(t, "npz:"+write(t, "a.npz", zipOf(t, arrays)), Options{})
}

func TestNPZNumbersOfEveryType(t *testing.T) {
	labels := npy("|u1", false, "(3,)", []uint8{0, 1, 1})
	for _, c := range []struct {
		descr   string
		payload any
		want    []float64
	}{
		{"|u1", []uint8{0, 7, 255}, []float64{0, 7, 255}},
		{"|i1", []int8{-128, 7, 127}, []float64{-128, 7, 127}},
		{"|b1", []uint8{0, 1, 1}, []float64{0, 1, 1}},
		{"<u2", []uint16{0, 7, 65535}, []float64{0, 7, 65535}},
		{">i2", []int16{-32768, 7, 32767}, []float64{-32768, 7, 32767}},
		{"<u4", []uint32{0, 7, 1 << 31}, []float64{0, 7, 1 << 31}},
		{"<i4", []int32{-1 << 31, 7, 1 << 30}, []float64{-1 << 31, 7, 1 << 30}},
		{">u8", []uint64{0, 7, 1 << 63}, []float64{0, 7, 1 << 63}},
		{"<i8", []int64{-1 << 63, 7, 1 << 62}, []float64{-1 << 63, 7, 1 << 62}},
		{"<f2", []uint16{0xc000, 0x3555, 0x0001}, []float64{-2, 0x1.554p-2, 0x1p-24}},
		{"<f4", []float32{-1.5, 0, math.MaxFloat32}, []float64{-1.5, 0, math.MaxFloat32}},
		{">f4", []float32{-1.5, 0, math.MaxFloat32}, []float64{-1.5, 0, math.MaxFloat32}},
		{"<f8", []float64{-1.5, 0, 0.1}, []float64{-1.5, 0, 0.1}},
		{">f8", []float64{-1.5, 0, 0.1}, []float64{-1.5, 0, 0.1}},
	} {
		split := loadZip(t, map[string][]byte{"x": npy(c.descr, false, "(3, 1)", c.payload), "y": labels})
		if !slices.Equal(xs(split.Train), c.want) {
			t.Errorf("dtype %s: %v, want %v", c.descr, xs(split.Train), c.want)
		}
	}
}

func TestNPZKinds(t *testing.T) {
	x, xTest := npy("<f4", false, "(2, 1, 2, 2)", make([]float32, 8)), npy("<f4", false, "(1, 1, 2, 2)", make([]float32, 4))
	for name, c := range map[string]struct {
		arrays                 map[string][]byte
		classes, outputs, test int
	}{
		"classes": {map[string][]byte{"x": x, "y": npy("<i8", false, "(2,)", []int64{0, 4})}, 5, 0, 0},
		"classes of the test part": {map[string][]byte{"x": x, "y": npy("<i8", false, "(2,)", []int64{0, 4}), "x_test": xTest,
			"y_test": npy("<i8", false, "(1,)", []int64{6})}, 7, 0, 1},
		"a target": {map[string][]byte{"x": x, "y": npy("<f8", false, "(2,)", []float64{0, 4})}, 0, 1, 0},
		"targets": {map[string][]byte{"x": x, "y": npy("<f8", false, "(2, 3)", make([]float64, 6)), "x_test": xTest,
			"y_test": npy("<f4", false, "(1, 3)", make([]float32, 3))}, 0, 3, 1},
		"Keras' names": {map[string][]byte{"x_train": x, "y_train": npy("<i8", false, "(2,)", []int64{0, 4}), "x_test": xTest,
			"y_test": npy("<i8", false, "(1,)", []int64{3})}, 5, 0, 1},
		"capitals":           {map[string][]byte{"X": x, "Y": npy("<i8", false, "(2,)", []int64{0, 4})}, 5, 0, 0},
		"classes in columns": {map[string][]byte{"x": x, "y": npy("<i8", false, "(2, 1)", []int64{0, 4})}, 5, 0, 0},
		"Python 2":           {map[string][]byte{"x": npy("<f4", false, "(2L, 1L, 2L, 2L)", make([]float32, 8)), "y": npy("<i8", false, "(2L,)", []int64{0, 4})}, 5, 0, 0},
		"without channels":   {map[string][]byte{"x": npy("<f4", false, "(2, 2, 2)", make([]float32, 8)), "y": npy("|b1", false, "(2,)", []int8{0, 1})}, 2, 0, 0},
	} {
		split := loadZip(t, c.arrays)
		checkSplit(t, split)
		if s := split.Train; s.Classes != c.classes || s.Outputs != c.outputs || s.Len() != 2 || split.Test.Len() != c.test {
			t.Errorf("%s: %d classes, %d outputs, %d + %d examples", name, s.Classes, s.Outputs, s.Len(), split.Test.Len())
		}
		if len(split.Notices) > 0 {
			t.Errorf("%s: notices %q", name, split.Notices)
		}
		if !slices.Equal(split.Train.Shape, []int{1, 2, 2}) || !slices.Equal(split.Test.Shape, []int{1, 2, 2}) {
			t.Errorf("%s: shapes %v and %v", name, split.Train.Shape, split.Test.Shape)
		}
	}
}

// Another library's writer, whose entries have no .npy in their names.
func TestNPZAsNpyioWritesIt(t *testing.T) {
	var b bytes.Buffer
	w := npz.NewWriter(&b)
	x := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	for name, v := range map[string]any{"x": x, "y": []int64{1, 0}} {
		if err := w.Write(name, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, "npz:"+write(t, "a.npz", b.Bytes()), Options{}).Train
	if !slices.Equal(xs(s), []float64{1, 2, 3, 4, 5, 6}) || !slices.Equal(ys(s), []float64{1, 0}) || !slices.Equal(s.Shape, []int{3}) {
		t.Errorf("%+v", s)
	}
}

// An array stored with the first index fastest is the transpose of one with its shape reversed, stored the usual way.
func TestFortranOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "columns")
		stored := make([]float64, rows*columns)
		for i := range stored {
			stored[i] = float64(i)
		}
		want := mat.DenseCopyOf(mat.NewDense(columns, rows, stored).T())
		if got := rowMajor[float64]([]int{rows, columns})(stored); !slices.Equal(got, want.RawMatrix().Data) {
			t.Fatalf("%d×%d: %v, want %v", rows, columns, got, want.RawMatrix().Data)
		}
	})
	// numpy.arange(24).reshape(2, 3, 4).T is a (4, 3, 2) array in that order; its first rows are [0 12], [4 16], [8 20], [1 13].
	stored := make([]int, 24)
	for i := range stored {
		stored[i] = i
	}
	if got := rowMajor[int]([]int{4, 3, 2})(stored); !slices.Equal(got[:8], []int{0, 12, 4, 16, 8, 20, 1, 13}) {
		t.Errorf("%v", got)
	}
}

func TestNPZRefusesBadFiles(t *testing.T) {
	x, y := npy("<f4", false, "(2, 2)", make([]float32, 4)), npy("<i8", false, "(2,)", []int64{0, 1})
	with := func(name string, array []byte) []byte {
		arrays := map[string][]byte{"x": x, "y": y}
		arrays[name] = array
		return zipOf(t, arrays)
	}
	hugeHeader := append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0xff)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                 {nil, "not an NPZ file"},
		"an NPY file":           {x, "not an NPZ file"},
		"half a zip":            {with("x", x)[:100], "not an NPZ file"},
		"no x":                  {zipOf(t, map[string][]byte{"y": y}), "there is no array x or x_train, only \"y\""},
		"two x":                 {with("x_train", x), "there are arrays"},
		"names of sklearn":      {zipOf(t, map[string][]byte{"data": x, "target": y}), "only \""},
		"an empty archive":      {zipOf(t, nil), "only an empty archive"},
		"channels last":         {with("x", npy("|u1", false, "(2, 5, 6, 3)", make([]uint8, 180))), "say layout=hwc, or layout=chw if they have 5 channels of 6×3"},
		"one channel last":      {with("x", npy("|u1", false, "(2, 28, 28, 1)", make([]uint8, 1568))), "layout=hwc"},
		"no y":                  {zipOf(t, map[string][]byte{"x": x}), "no array y"},
		"x_test without y_test": {with("x_test", x), "no array y_test"},
		"no array":              {with("x", []byte("hello")), "not an NPY array"},
		"cut prefix":            {with("x", x[:9]), "within its header"},
		"cut header":            {with("x", x[:40]), "within its header"},
		"absurd header":         {with("x", hugeHeader), "claims 4294967295 bytes"},
		"no shape":              {with("x", npy("<f4", false, "7", []float32{0})), "want a plain dtype"},
		"objects":               {with("x", npy("|O", false, "(2, 2)", []byte("pickle"))), "dtype O"},
		"complex":               {with("x", npy("<c8", false, "(2, 2)", make([]float32, 8))), "dtype c8"},
		"float128":              {with("x", npy("<f16", false, "(2, 2)", make([]float64, 8))), "dtype f16"},
		"absurd shape":          {with("x", npy("<f4", false, "(1099511627776, 1024)", []float32{0})), "more than"},
		"absurd size":           {with("x", npy("<f4", false, "(99999999999999999999,)", []float32{0})), "is no size"},
		"zeros and absurd":      {with("x", npy("<f4", false, "(0, 1099511627776)", []float32{})), "more than"},
		"truncated":             {with("x", npy("<f4", false, "(1000000, 100)", []float32{1, 2})), "after 2 of 100000000"},
		"trailing":              {with("x", append(x[:len(x):len(x)], 0)), "more in the file"},
		"scalar":                {with("x", npy("<f4", false, "()", []float32{1})), "does not go with"},
		"too few labels":        {with("y", npy("<i8", false, "(1,)", []int64{0})), "does not go with"},
		"labels in a cube":      {with("y", npy("<i8", false, "(2, 1, 1)", []int64{0, 1})), "want classes [N], [N,1]"},
		"no label at all":       {with("y", npy("<i8", false, "(2, 2)", []int64{0, 1, -100, -100})), "example 1 has no target"},
		"targets in a cube":     {with("y", npy("<f4", false, "(2, 1, 1)", []float32{0, 1})), "want [N] or [N,outputs]"},
		"no targets":            {with("y", npy("<f4", false, "(2, 0)", []float32{})), "want [N] or [N,outputs]"},
		"negative label":        {with("y", npy("<i8", false, "(2,)", []int64{0, -1})), "is -1"},
		"absurd label":          {with("y", npy("<u8", false, "(2,)", []uint64{0, 1 << 40})), "is 1099511627776, want a whole number"},
		"label out of proportion": {with("y", npy("<i4", false, "(2,)", []int32{0, 70000})),
			"say how many with classes=N"},
		"NaN":               {with("x", npy("<f4", false, "(2, 2)", []float32{0, 1, float32(math.NaN()), 0})), "example 1 holds NaN"},
		"infinite target":   {with("y", npy("<f8", false, "(2,)", []float64{0, math.Inf(-1)})), "target of example 1"},
		"no examples":       {zipOf(t, map[string][]byte{"x": npy("<f4", false, "(0, 2)", []float32{}), "y": npy("<i8", false, "(0,)", []int64{})}), "no training examples"},
		"empty examples":    {with("x", npy("<f4", false, "(2, 0)", []float32{})), "hold nothing"},
		"other test shapes": {zipOf(t, map[string][]byte{"x": x, "y": y, "x_test": npy("<f4", false, "(2, 1)", make([]float32, 2)), "y_test": y}), "and test examples [1]"},
		"other test kind":   {zipOf(t, map[string][]byte{"x": x, "y": y, "x_test": x, "y_test": npy("<f4", false, "(2,)", make([]float32, 2))}), "the test part differ in kind"},
		"other validation":  {zipOf(t, map[string][]byte{"x": x, "y": y, "x_valid": npy("<f4", false, "(2, 1)", make([]float32, 2)), "y_valid": y}), "and validation examples [1]"},
		"a label of it":     {zipOf(t, map[string][]byte{"x": x, "y": y, "x_valid": x, "y_valid": npy("<i8", false, "(2,)", []int64{0, -1})}), "validation example 1 is -1"},
		"no y_valid":        {with("x_valid", x), "no array y_valid"},
	} {
		wantRefused(t, name, "npz:"+write(t, "a.npz", c.file), c.want)
	}
	wantRefused(t, "too few classes", "npz:"+write(t, "a.npz", with("x", x))+",classes=1", "from 0 to 0")
	wantRefused(t, "classes of quantities", "npz:"+write(t, "a.npz", with("y", npy("<f4", false, "(2,)", []float32{0, 1})))+",classes=2", "leave classes= out")
	wantRefused(t, "no file", "npz:nowhere.npz", "there is no nowhere.npz")
	wantRefused(t, "a folder", "npz:"+t.TempDir(), "")
}

func FuzzNPZ(f *testing.F) {
	x, y := npy("<f4", false, "(2, 2)", make([]float32, 4)), npy("<i8", false, "(2,)", []int64{0, 1})
	f.Add(x, y)
	f.Add(npy(">f8", true, "(2, 1, 1)", []float64{1, 2}), npy("<f2", false, "(2, 1)", []uint16{1, 2}))
	f.Add(npy("<f4", false, "(0, 9999999999999)", []byte{}), npy("|b1", false, "(0,)", []byte{}))
	f.Add(append([]byte("\x93NUMPY\x02\x00"), 0xff, 0xff, 0xff, 0xff), y)
	f.Add(x[:30], y)
	f.Fuzz(func(t *testing.T, x, y []byte) {
		r := &request{Spec: Spec{Name: "npz", Path: "fuzz"}, train: -1, test: -1, normalize: true}
		file := zipOf(t, map[string][]byte{"x": x, "y": y})
		split, err := readNPZ(r, file)
		if err == nil {
			err = r.finish(split, npzSource())
		}
		if err != nil {
			return
		}
		checkSplit(t, split)
		if split.Train.X.Len() > len(x) {
			t.Fatalf("%d numbers from %d bytes", split.Train.X.Len(), len(x))
		}
	})
}

// The container itself: any bytes in place of the zip.
func FuzzZip(f *testing.F) {
	good := zipOf(f, map[string][]byte{"x": npy("<f4", false, "(2, 2)", make([]float32, 4)), "y": npy("<i8", false, "(2,)", []int64{0, 1})})
	f.Add(good)
	f.Add(good[:len(good)-10])
	f.Fuzz(func(t *testing.T, file []byte) {
		r := &request{Spec: Spec{Name: "npz", Path: "fuzz"}, train: -1, test: -1, normalize: true}
		if split, err := readNPZ(r, file); err == nil && r.finish(split, npzSource()) == nil {
			checkSplit(t, split)
		}
	})
}

// readNPZ reads the parts of a file.
func readNPZ(r *request, file []byte) (*Split, error) {
	a, err := openNPZ(bytes.NewReader(file), int64(len(file)), arrayFormat{scale: 1})
	if err != nil {
		return nil, err
	}
	return r.fromNPZ(a)
}

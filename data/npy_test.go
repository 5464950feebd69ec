package data

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// dictionary is an NPY array of two float32 with the given header.
func dictionary(version byte, header string) []byte {
	length := binary.LittleEndian.AppendUint16(nil, uint16(len(header)))
	if version > 1 {
		length = binary.LittleEndian.AppendUint32(nil, uint32(len(header)))
	}
	return slices.Concat([]byte{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0}, length, []byte(header), []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40})
}

// Headers as NumPy and others write them, and others.
func TestNPYHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		file  []byte
		shape []int
		want  string // part of an error
	}{
		"NumPy's":          {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"), []int{2}, ""},
		"version 2":        {dictionary(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"), []int{2}, ""},
		"version 3":        {dictionary(3, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"), []int{2}, ""},
		"version 0":        {dictionary(0, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"), nil, "version 0.0"},
		"version 9":        {dictionary(9, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"), nil, "version 9.0: versions 1 to 3"},
		"another order":    {dictionary(1, "{'shape': (1, 2), 'fortran_order': False, 'descr': '<f4'}"), []int{1, 2}, ""},
		"another field":    {dictionary(1, "{'shape': (2, 1), 'extra': 1, 'fortran_order': False, 'descr': '<f4'}"), []int{2, 1}, ""},
		"no end of line":   {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"), []int{2}, ""},
		"blanks":           {dictionary(1, "{'descr':'<f4','fortran_order':   False,'shape':( 2 ,1 ) }   \n"), []int{2, 1}, ""},
		"Python 2":         {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }\n"), []int{2}, ""},
		"native order":     {dictionary(1, "{'descr': '=f4', 'fortran_order': False, 'shape': (2,), }\n"), []int{2}, ""},
		"by columns":       {dictionary(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }\n"), []int{1, 2}, ""},
		"many axes":        {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 2), }\n"), []int{1, 1, 1, 1, 1, 1, 2}, ""},
		"the shape twice":  {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (1,)}"), nil, "once each"},
		"the type twice":   {dictionary(1, "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}"), nil, "once each"},
		"the order twice":  {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'fortran_order': True, 'shape': (2,)}"), nil, "once each"},
		"no type":          {dictionary(1, "{'fortran_order': False, 'shape': (2,)}"), nil, "want a plain dtype"},
		"no order":         {dictionary(1, "{'descr': '<f4', 'shape': (2,)}"), nil, "want a plain dtype"},
		"no shape":         {dictionary(1, "{'descr': '<f4', 'fortran_order': False}"), nil, "want a plain dtype"},
		"JSON":             {dictionary(1, `{"descr": "<f4", "fortran_order": false, "shape": [2]}`), nil, "want a plain dtype"},
		"order as a digit": {dictionary(1, "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}"), nil, "want a plain dtype"},
		"a negative size":  {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}      \n"), nil, "(-2,)}\": want a plain dtype"},
		"a broken size":    {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}"), nil, "want a plain dtype"},
		"no size":          {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (None,)}"), nil, "want a plain dtype"},
		"a size in words":  {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2 2)}"), nil, "is no size"},
		"structured":       {dictionary(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"), nil, "want a plain dtype"},
		"dates":            {dictionary(1, "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,)}"), nil, "want a plain dtype"},
		"texts":            {dictionary(1, "{'descr': '<U2', 'fortran_order': False, 'shape': (1,)}"), nil, "dtype U2"},
		"objects":          {dictionary(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), nil, "dtype O"},
		"complex":          {dictionary(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"), nil, "dtype c8"},
		"longer":           {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"), nil, "after 2 of 3"},
		"shorter":          {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}"), nil, "more in the file"},
		"beyond 64 bits":   {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551617,)}"), nil, "is no size"},
		"too many":         {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"), nil, "more than"},
		"true is 128":      {dictionary(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}"), nil, "number 2 is 128, want 0 or 1"},
		"code":             {dictionary(1, "__import__('os').system('true')"), nil, "want a plain dtype"},
		"nothing":          {nil, nil, "not an NPY array"},
		"a prefix":         {[]byte("\x93NUMPY\x01\x00"), nil, "within its header"},
		"a cut header":     {dictionary(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}")[:30], nil, "within its header"},
	} {
		h, values, err := readNPY(bytes.NewReader(c.file))
		if c.want == "" {
			if err != nil || !slices.Equal(h.shape, c.shape) || !slices.Equal(values.Float64s(), []float64{1, 2}) {
				t.Errorf("%s: %v, %v, %v", name, h.shape, values.Float64s(), err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// What a reader makes of targets that may be meant otherwise is told.
func TestAmbiguousTargetsAreTold(t *testing.T) {
	x := npy("<f4", false, "(6, 2)", make([]float32, 12))
	for name, c := range map[string]struct {
		y    []byte
		want string
	}{
		"one-hot integers":    {npy("<i8", false, "(6, 2)", []int64{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}), "it is read as a class at each of 2 positions"},
		"one-hot floats":      {npy("<f4", false, "(6, 2)", []float32{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}), "it is read as 2 quantities"},
		"classes as floats":   {npy("<f8", false, "(6,)", []float64{0, 1, 2, 0, 1, 2}), "if they are classes, store integers"},
		"labels of positions": {npy("<i8", false, "(6, 2)", []int64{1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1}), ""},
		"two quantities":      {npy("<f4", false, "(6, 2)", []float32{1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1}), ""},
		"whole quantities":    {npy("<f8", false, "(6,)", []float64{0, 1, 2, 0, 1, 30}), ""},
		"quantities":          {npy("<f8", false, "(6,)", []float64{0, 1, 2, 0, 1, 0.5}), ""},
		"signs":               {npy("<f8", false, "(6,)", []float64{-1, 1, -1, 1, 1, 1}), ""},
	} {
		split := loadZip(t, map[string][]byte{"x": x, "y": c.y})
		if got := strings.Join(split.Notices, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: notices %q, want %q", name, split.Notices, c.want)
		}
	}
}

func FuzzNPY(f *testing.F) {
	f.Add(dictionary(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }\n"))
	f.Add(dictionary(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (8L,), }\n"))
	f.Add(dictionary(2, "{'descr': '>u8', 'fortran_order': False, 'shape': (9999999999, 0), }\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, values, err := readNPY(bytes.NewReader(file))
		if err != nil {
			return
		}
		if n, err := volume(h.shape); err != nil || n != values.Len() || n > len(file) {
			t.Fatalf("shape %v, %d numbers from %d bytes: %v", h.shape, values.Len(), len(file), err)
		}
	})
}

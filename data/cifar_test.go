package data

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// records are CIFAR records whose pixels all equal a number that grows by 5 from record to record.
func records(c cifar, labels ...byte) []byte {
	var b []byte
	for i, label := range labels {
		b = append(b, bytes.Repeat([]byte{label}, c.labels)...)
		b = append(b, bytes.Repeat([]byte{byte(5 * i)}, cifarPixels)...)
	}
	return b
}

// cifarDir is a folder NAME/SUB with the files of a layout, each with the given content.
func cifarDir(t testing.TB, name string, c cifar, content []byte) string {
	root := t.TempDir()
	dir := filepath.Join(root, name, c.dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, file := range append(slices.Clone(c.train), c.test...) {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCIFAR(t *testing.T) {
	for name, c := range map[string]cifar{"cifar10": cifar10, "cifar100": cifar100} {
		root := cifarDir(t, name, c, records(c, 3, 9))
		split := mustLoad(t, name+",normalize=off", Options{Dir: root})
		checkSplit(t, split)
		s := split.Train
		if s.Len() != 2*len(c.train) || split.Test.Len() != 2 || s.Classes != c.classes || !slices.Equal(s.Shape, []int{3, 32, 32}) {
			t.Errorf("%s: %d + %d examples of shape %v, %d classes", name, s.Len(), split.Test.Len(), s.Shape, s.Classes)
		}
		if x, y := s.Example(1); y[0] != 9 || x[0] != 5./255 {
			t.Errorf("%s: example 1 has class %v and pixel %v", name, y, x[0])
		}
		few := mustLoad(t, name+",train=1,test=1", Options{Dir: root})
		want := (0 - few.Mean[2]) / few.Std[2]
		if x, _ := few.Train.Example(0); few.Train.Len() != 1 || math.Abs(float64(x[cifarPixels-1]-want)) > 1e-6 {
			t.Errorf("%s: %d examples, last pixel %v, want %v", name, few.Train.Len(), x[cifarPixels-1], want)
		}
	}
}

func TestCIFARRefusesBadFiles(t *testing.T) {
	load := func(content []byte) error {
		_, err := Load("cifar10", Options{Dir: cifarDir(t, "cifar10", cifar10, content)})
		return err
	}
	for want, content := range map[string][]byte{
		"within record 1":      records(cifar10, 1, 2)[:4000],
		"whole number":         records(cifar10, 1, 10),
		"no training examples": nil,
	} {
		wantError(t, load(content), want)
	}
	root := cifarDir(t, "cifar10", cifar10, records(cifar10, 1))
	os.Remove(filepath.Join(root, "cifar10", cifar10.dir, "data_batch_3.bin"))
	_, err := Load("cifar10", Options{Dir: root})
	wantError(t, err, "data_batch_3.bin")
}

func FuzzCIFAR(f *testing.F) {
	f.Add(records(cifar10, 1, 2), 1)
	f.Add(records(cifar100, 1, 2)[:3080], 2)
	f.Add([]byte{}, 5)
	f.Fuzz(func(t *testing.T, content []byte, limit int) {
		x, labels, err := cifar10.read(bytes.NewReader(content), limit, nil, nil)
		if err == nil && (len(x) != cifarPixels*len(labels) || len(x) > len(content)) {
			t.Fatalf("%d pixels and %d labels from %d bytes", len(x), len(labels), len(content))
		}
	})
}

// pickled is a batch as Python 2 wrote it with protocol 2: CIFAR's own files begin like this.
func pickled(key string, labels ...byte) []byte {
	var b bytes.Buffer
	b.WriteString("\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U" + string(byte(len(key))) + key + "q\x04]q\x05(")
	for _, label := range labels {
		b.Write([]byte{'K', label})
	}
	n := len(labels)
	b.WriteString("eU\x04dataq\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\x09(K\x01")
	b.Write([]byte{'M', byte(n), 0, 'M', 0, 12}) // the shape [n,3072]
	b.WriteString("\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T")
	binary.Write(&b, binary.LittleEndian, uint32(n*cifarPixels))
	for i := range labels {
		b.Write(bytes.Repeat([]byte{byte(5 * i)}, cifarPixels))
	}
	b.WriteString("tbu.")
	return b.Bytes()
}

// rewritten are batches as Python 3 writes them (testdata/cifar_pickles.py), by their names.
func rewritten(t testing.TB) map[string][]byte {
	names, _ := filepath.Glob("testdata/cifar-protocol*.pickle")
	if len(names) != 5 {
		t.Fatalf("%d pickles in testdata", len(names))
	}
	files := map[string][]byte{}
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// Files that were read and written again by Python 3 hold what CIFAR's own do, whatever the protocol, with keys of either kind.
func TestCIFARWrittenByPython3(t *testing.T) {
	for name, file := range rewritten(t) {
		for _, c := range []cifar{cifar10, cifar100} {
			x, labels, err := c.python.read(bytes.NewReader(file), math.MaxInt, nil, nil)
			want, _, _ := c.python.read(bytes.NewReader(pickled(c.python.key, 3, 9)), math.MaxInt, nil, nil)
			if err != nil || !slices.Equal(labels, []float64{3, 9}) || !bytes.Equal(x, want) {
				t.Errorf("%s, %s: labels %v, %d pixels, error %v", name, c.python.key, labels, len(x), err)
			}
		}
	}
	columns := bytes.Replace(rewritten(t)["testdata/cifar-protocol5.pickle"], []byte("\x8c\x01C\x94"), []byte("\x8c\x01F\x94"), 1)
	_, _, err := cifar10.python.read(bytes.NewReader(columns), math.MaxInt, nil, nil)
	wantError(t, err, "row-major")
}

func TestCIFARForPython(t *testing.T) {
	for name, c := range map[string]cifar{"cifar10": cifar10, "cifar100": cifar100} {
		files := map[string][]byte{}
		for _, file := range append(slices.Clone(c.python.train), c.python.test...) {
			files[name+"/"+c.python.dir+"/"+file] = pickled(c.python.key, 3, 9)
		}
		got, want := mustLoad(t, name, Options{Dir: inFolder(t, files)}), mustLoad(t, name, Options{Dir: cifarDir(t, name, c, records(c, 3, 9))})
		if Checksum(got.Train, got.Test) != Checksum(want.Train, want.Test) {
			t.Errorf("%s: other data than in the binary files", name)
		}
		if few := mustLoad(t, name+",train=1,test=1", Options{Dir: inFolder(t, files)}); few.Train.Len() != 1 || few.Train.Labels[0] != 3 {
			t.Errorf("%s: %d examples", name, few.Train.Len())
		}
	}
	good := pickled("labels", 3, 9)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"text":              {[]byte("hello"), "not a pickle"},
		"half":              {good[:1000], "the file ends early"},
		"no dictionary":     {[]byte("\x80\x02]."), "want a dictionary"},
		"other labels":      {pickled("names", 3, 9), "no list of labels"},
		"no data":           {[]byte("\x80\x02}X\x06\x00\x00\x00labels]s."), "data: want a NumPy array"},
		"floats":            {bytes.Replace(good, []byte("U\x02u1"), []byte("U\x02f4"), 1), "data: want an array of uint8"},
		"another shape":     {bytes.Replace(good, []byte("M\x00\x0c"), []byte("M\x01\x0c"), 1), "bytes for an array of"},
		"an absurd shape":   {bytes.Replace(good, []byte("M\x00\x0c"), []byte("J\xff\xff\xff\x7f"), 1), "an array of a shape of whole numbers"},
		"columns first":     {bytes.Replace(good, []byte("\x89T"), []byte("\x88T"), 1), "row-major"},
		"a label too high":  {pickled("labels", 3, 10), "want a whole number from 0 to 9"},
		"labels that float": {bytes.Replace(good, []byte("K\x03"), []byte("N0N"), 1), "label 0 is of type <nil>"},
	} {
		files := map[string][]byte{}
		for _, file := range append(slices.Clone(cifar10.python.train), cifar10.python.test...) {
			files[file] = c.file
		}
		_, err := Load("cifar10", Options{Dir: inFolder(t, files)})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		wantError(t, err, c.want)
	}
}

func FuzzCIFARForPython(f *testing.F) {
	f.Add(pickled("labels", 3, 9))
	for _, file := range rewritten(f) {
		f.Add(file)
	}
	f.Add([]byte("\x80\x02}X\x06\x00\x00\x00labels]s."))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, labels, err := cifar10.python.read(bytes.NewReader(file), math.MaxInt, nil, nil)
		if err == nil && len(x) != len(labels)*cifarPixels {
			t.Fatalf("%d pixels for %d labels", len(x), len(labels))
		}
	})
}

package data

import (
	"bytes"
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

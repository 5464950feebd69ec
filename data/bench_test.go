package data

import (
	"bytes"
	"math"
	"testing"
)

func BenchmarkGlyphs(b *testing.B) {
	for b.Loop() {
		mustLoad(b, "glyphs,train=2000,test=0", Options{})
	}
}

func BenchmarkShuffledBatches(b *testing.B) {
	s, err := NewSampler(Shuffle, 60000, 64, 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Next()
	}
}

func BenchmarkIDX(b *testing.B) {
	file := idx(8, []uint32{10000, 28, 28}, make([]byte, 7840000))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, _, err := readIDX(bytes.NewReader(file), math.MaxInt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRowsFromDisk(b *testing.B) {
	split := mustLoad(b, "tokens:"+tokenFile(b, 70000)+",context=64,label-noise=0.1,stream=on", Options{})
	x, y := make([]float64, split.Train.Size()), make([]float64, split.Train.Targets())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := split.Train.ReadRow(i%split.Train.Len(), x, y); err != nil {
			b.Fatal(err)
		}
	}
}

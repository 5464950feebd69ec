package data

import (
	"slices"
	"testing"
)

// lookedUp compares the bytes of a set, looked up in its levels, with what ReadInputs gives, to the bit.
func lookedUp[T Float](t testing.TB, s Set) {
	t.Helper()
	levels, groups := Levels[T](s, len(s.Shape) == 3)
	if len(levels) != 256*groups || s.Size()%groups != 0 {
		t.Fatalf("%s: %d levels of %d groups", s.Name, len(levels), groups)
	}
	raw, want, got := make([]byte, s.Size()), make([]T, s.Size()), make([]T, s.Size())
	for i := range s.Len() {
		if err := s.ReadBytes(i, raw); err != nil {
			t.Fatal(err)
		}
		if err := ReadInputs(s, i, want); err != nil {
			t.Fatal(err)
		}
		for k, b := range raw {
			got[k] = levels[k/(s.Size()/groups)*256+int(b)]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: the bytes of example %d read as %v, want %v", s.Name, i, got, want)
		}
	}
}

// Images of bytes are so stored wherever they lie, and read as the numbers that they stand for.
func TestStoredBytesReadAsNumbers(t *testing.T) {
	raw := make([]byte, 40*5*4*3)
	for i := range raw {
		raw[i] = byte(i * i >> 4)
	}
	labels := make([]byte, 40)
	for i := range labels {
		labels[i] = byte(i % 3)
	}
	x := writeNPY(t, "x.npy", "|u1", []int{40, 5, 4, 3}, raw)
	spec := "npy:" + x + ",y=" + writeNPY(t, "y.npy", "|u1", []int{40}, labels) + ",layout=hwc,test=7,valid=5"
	for _, options := range []string{"", ",scale=255", ",normalize=on", ",normalize=on,augment=crop2+flip", ",scale=7,normalize=on,augment=crop1,enlarge=2"} {
		for _, stream := range []string{",stream=off", ",stream=on"} {
			split := mustLoad(t, spec+options+stream, Options{Seed: 2})
			for _, s := range []Set{split.Train, split.Test, split.Valid, split.Train.Select([]int{4, 0, 9}), split.Train.Slice(3, 8)} {
				if !s.StoresBytes() || !SameLevels(s, split.Train) {
					t.Fatalf("%s%s: %d examples are no bytes", options, stream, s.Len())
				}
				lookedUp[float32](t, s)
				lookedUp[float64](t, s)
			}
		}
	}
	if s := mustLoad(t, "glyphs,train=3,test=0", Options{}).Train; s.StoresBytes() {
		t.Error("glyphs, which are numbers, count as bytes")
	}
}

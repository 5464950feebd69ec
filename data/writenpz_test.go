package data

import (
	"bytes"
	"testing"
)

// What WriteArray writes is what the reader of NPZ files reads, in any number of pieces; an array that is not filled is an error.
func TestNPZWriter(t *testing.T) {
	var file bytes.Buffer
	n := NewNPZWriter(&file)
	must := func(err error) {
		if t.Helper(); err != nil {
			t.Fatal(err)
		}
	}
	must(WriteArray(n, "x", []int{3, 2}, func(put func([]float64) error) error {
		if err := put([]float64{1, 2, 3, 4}); err != nil {
			return err
		}
		return put([]float64{5, 6.5})
	}))
	must(WriteArray(n, "y", []int{3}, func(put func([]int64) error) error { return put([]int64{1, 0, 1}) }))
	must(n.Close())
	split, err := Load("npz:"+write(t, "a.npz", file.Bytes()), Options{})
	must(err)
	if x, _ := split.Train.Example(2); split.Train.Len() != 3 || x[0] != 5 || x[1] != 6.5 || split.Train.Labels[1] != 0 || split.Train.Classes != 2 {
		t.Errorf("%+v", split.Train)
	}
	for _, count := range []int{1, 3} {
		if err := WriteArray(n, "z", []int{2}, func(put func([]float32) error) error { return put(make([]float32, count)) }); err == nil {
			t.Errorf("%d numbers for an array of 2 were taken", count)
		}
	}
}

func TestAlphabets(t *testing.T) {
	const text = "naïve Straße\n"
	for _, spec := range []string{"text:" + write(t, "a.txt", bytes.Repeat([]byte(text), 40)) + ",context=4", "text:" + write(t, "b.txt", bytes.Repeat([]byte(text), 40)) + ",context=4,level=byte"} {
		split, err := Load(spec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := split.Alphabet.Encode(text)
		if err != nil || split.Alphabet.Decode(tokens...) != text {
			t.Errorf("%s: %v, %v", spec, tokens, err)
		}
		if x, _ := split.Train.Example(0); float64(tokens[2]) != x[2] {
			t.Errorf("%s: token %v, the data have %v", spec, tokens[2], x[2])
		}
		if _, err := split.Alphabet.Encode("€"); (err == nil) != (split.Train.Classes == 256) {
			t.Errorf("%s: a character that the data do not have: %v", spec, err)
		}
	}
}

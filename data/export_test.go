package data

import (
	"bytes"
	"testing"
)

// What WriteNPZ writes, the reader of NPZ files gives back: the same inputs and targets of all parts, in either precision.
func TestExportedDataReadBack(t *testing.T) {
	text := "text:" + write(t, "a.txt", bytes.Repeat([]byte("What WriteNPZ writes. "), 40)) + ",context=4"
	for _, spec := range []string{"glyphs,train=20,test=10,size=8,normalize=on", "gaussian,train=15,test=9", text,
		"glyphs,train=20,valid=6,test=0,size=8", "gaussian,train=15,valid=0.2", text + ",valid=0.2"} {
		split, err := Load(spec, Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, export := range []func(*bytes.Buffer) error{
			func(w *bytes.Buffer) error { return WriteNPZ[float32](w, split) },
			func(w *bytes.Buffer) error { return WriteNPZ[float64](w, split) },
		} {
			var file bytes.Buffer
			if err := export(&file); err != nil {
				t.Fatal(err)
			}
			back, err := Load("npz:"+write(t, "a.npz", file.Bytes()), Options{})
			if err != nil {
				t.Fatalf("%s: %v", spec, err)
			}
			for part, pair := range map[string][2]Set{"train": {split.Train, back.Train}, "test": {split.Test, back.Test}, "valid": {split.Valid, back.Valid}} {
				if pair[0].Len() != pair[1].Len() {
					t.Fatalf("%s: %d %s examples came back as %d", spec, pair[0].Len(), part, pair[1].Len())
				}
				for i := range pair[0].Len() {
					x, y := pair[0].Example(i)
					x2, y2 := pair[1].Example(i)
					for k := range x {
						if float32(x[k]) != float32(x2[k]) {
							t.Fatalf("%s: input %d of %s example %d is %v, it was %v", spec, k, part, i, x2[k], x[k])
						}
					}
					for k := range y {
						if float32(y[k]) != float32(y2[k]) {
							t.Fatalf("%s: target %d of %s example %d is %v, it was %v", spec, k, part, i, y2[k], y[k])
						}
					}
				}
			}
		}
	}
}

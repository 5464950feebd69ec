package objective_test

import (
	"testing"

	. "drift/graph/objective"
)

// Outputs by example are those of the network for the same input alone, whatever the chunks.
func TestOutputs(t *testing.T) {
	f, split := opened(t, shiftedBy{linear6{newBilinear()}}), sixes()
	values := make([]float64, 24)
	for i := range values {
		values[i] = float64(i%7) / 7
	}
	must(t, f.SetValues(values))
	shape, err := f.OutputShape()
	must(t, err)
	if len(shape) != 1 || shape[0] != 3 {
		t.Fatalf("outputs have shape %v", shape)
	}
	network, err := f.CompileNetwork()
	must(t, err)
	defer network.Close()
	seen := 0
	must(t, f.Outputs(f.All(Train), func(from int, rows []float64) error {
		for at := 0; at < len(rows); at += 3 {
			x, _ := split.Train.Example(from + at/3)
			want, err := network.Run(x)
			must(t, err)
			near(t, "outputs", rows[at:at+3], want, 1e-14)
			seen++
		}
		return nil
	}))
	if seen != 20 {
		t.Errorf("%d rows for 20 examples", seen)
	}
	if _, err := network.Run(make([]float64, 5)); err == nil {
		t.Error("an input of 5 numbers was taken")
	}
}

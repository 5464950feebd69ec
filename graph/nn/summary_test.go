package nn_test

import (
	"slices"
	"testing"

	"drift/graph/nn"
)

// Layers are listed before those inside them, and what those of the outermost list hold adds up to the whole.
func TestLines(t *testing.T) {
	m, err := nn.Parse("gpt:2,2,8", []int{5}, 7, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	params, products := 0, 0
	for _, l := range m.Lines() {
		places = append(places, l.Place)
		if l.Depth == 0 {
			params, products = params+l.Params, products+l.Products
		}
		if l.Layer == "" || len(l.Output) != 2 || l.Output[0] != 5 {
			t.Errorf("%+v", l)
		}
	}
	if want := []string{"0", "1", "2", "2.0", "2.1", "3", "3.0", "3.1"}; !slices.Equal(places[:8], want) {
		t.Errorf("places %q, want %q …", places, want)
	}
	if params != m.NumParams() || products != m.Products() {
		t.Errorf("layers hold %d parameters and do %d products, the model %d and %d", params, products, m.NumParams(), m.Products())
	}
	// Per position: in_proj 3·8·8, out_proj 8·8, and 5 products of 8 with keys and 5 with values.
	if got, want := m.Lines()[4].Products, 5*(4*8*8+2*5*8); got != want {
		t.Errorf("attention does %d products, want %d", got, want)
	}
}

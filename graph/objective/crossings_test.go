package objective_test

import (
	"testing"

	"gonum.org/v1/gonum/floats"

	. "drift/graph/objective"
)

// Sides counted by hand: those of ReLU's inputs, which a network without the rest has as its outputs, at both parameters.
func TestCrossingsOfRectifiers(t *testing.T) {
	const first = `{"linear": {"out": 10}}`
	whole := open(t, `{"layers": ["flatten", `+first+`, "relu", {"linear": {"out": 10}}]}`, 4)
	part := open(t, `{"layers": ["flatten", `+first+`]}`, 4)
	theta := contents(t, whole.Parameters())
	step := make([]float64, len(theta))
	for i, x := range theta {
		step[i] = -1.5 * x * float64(i%3) // turns every third weight around, and every third beyond
	}
	count := len(contents(t, part.Parameters()))
	all := whole.All(Train)
	inputs := func(at []float64) (z []float64) {
		must(t, part.Parameters().Write(at[:count]))
		must(t, part.Outputs(all, func(_ int, rows []float64) error { z = append(z, rows...); return nil }))
		return z
	}
	here := inputs(theta)
	there := inputs(floats.AddTo(make([]float64, len(theta)), theta, step))
	crossed, touched := 0, 0
	for n := range all {
		before := crossed
		for k := 10 * n; k < 10*(n+1); k++ {
			if (here[k] > 0) != (there[k] > 0) {
				crossed++
			}
		}
		if crossed > before {
			touched++
		}
	}
	v := vector(t, whole)
	must(t, v.Write(step))
	got, err := whole.Crossings(all, v)
	must(t, err)
	if want := (Crossings{Units: 10, Examples: len(all), Crossed: crossed, Touched: touched}); got != want || crossed == 0 || crossed == 10*len(all) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// With one weight at each pixel max pooling has the same place of the largest element while the weight keeps its sign, and another
// where it changes it, but in windows all of whose pixels are equal: glyphs are noisy, so that few are, clipped to black or white.
func TestCrossingsOfMaxPooling(t *testing.T) {
	f := open(t, `{"layers": [{"conv2d": {"out": 1, "kernel": 1}}, {"maxpool2d": {"kernel": 2}}, "flatten", {"linear": {"out": 10}}]}`, 3)
	theta, v := contents(t, f.Parameters()), vector(t, f)
	all := f.All(Train)
	for _, c := range []struct {
		factor      float64
		least, most float64 // share
	}{{0.5, 0, 0}, {-1.5, 0.95, 1}} {
		step := make([]float64, len(theta))
		step[0] = (c.factor - 1) * theta[0]
		must(t, v.Write(step))
		got, err := f.Crossings(all, v)
		must(t, err)
		if share := got.Share(); share < c.least || share > c.most || got.Units != 64 || got.OfExamples() != c.most {
			t.Errorf("weight times %v: %+v, share %v, want %v to %v", c.factor, got, share, c.least, c.most)
		}
	}
	smooth := open(t, "mlp:4,act=tanh", 3)
	none, err := smooth.Crossings(smooth.All(Train), vector(t, smooth))
	must(t, err)
	if none.Units != 0 || none.Crossed != 0 {
		t.Errorf("tanh: %+v", none)
	}
}

// A unit that is held on the side of the opposite first layer is minus what the network with that layer has: relu(z) becomes −relu(−z), and
// the largest of a window the least, −max(−z). So the held network at θ is the plain one with both layers' signs changed, and its gradient
// that one's with these signs. On its own side it is the plain network.
func TestHeldSides(t *testing.T) {
	for _, c := range []struct {
		name, model string
		second      int // parameters of the layer after the kink, with its bias
	}{
		{"relu", `{"layers": ["flatten", {"linear": {"out": 8}}, "relu", {"linear": {"out": 10}}]}`, 90},
		{"max pooling", `{"layers": [{"conv2d": {"out": 1, "kernel": 1}}, {"maxpool2d": {"kernel": 2}}, "flatten", {"linear": {"out": 10}}]}`, 650},
	} {
		f := open(t, c.model, 4)
		theta, all := contents(t, f.Parameters()), f.All(Train)
		signs := func(v []float64, to int) []float64 {
			w := append([]float64(nil), v...)
			for i := range w[:to] {
				w[i] = -w[i]
			}
			return w
		}
		sides, held, plain := vector(t, f), vector(t, f), vector(t, f)
		p, err := f.CompileHeldGradient(len(all), sides, held)
		must(t, err)
		must(t, sides.Write(theta))
		must(t, p.Run(all))
		must(t, f.Gradient(all, plain))
		if d := distance(contents(t, held), contents(t, plain)); d > 1e-14 {
			t.Errorf("%s: on its own side it is %v off", c.name, d)
		}
		must(t, sides.Write(signs(theta, len(theta)-c.second)))
		must(t, p.Run(all))
		p.Close()
		both := len(theta) - 10 // the last bias keeps its sign
		must(t, f.Parameters().Write(signs(theta, both)))
		must(t, f.Gradient(all, plain))
		want := signs(contents(t, plain), both)
		if d := distance(contents(t, held), want); d > 1e-13 {
			t.Errorf("%s: on the other side it is %v off", c.name, d)
		}
	}
}

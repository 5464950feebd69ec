package theory

import (
	"context"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph/nn"
	"drift/optim"
)

// The opposite noise is the amplitude −1 of the checks, and a smooth network has no kinks to hold.
func TestOppositeNoise(t *testing.T) {
	w := open(t, "mlp:3,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
	d := Descent{Rate: 0.1, MomentumWeights: optim.MomentumWeights{Mu: 0.5}}
	examples, order := w.Train[:5], [][]int{{2, 0}, {1, 3}}
	p, err := NewPaths(w.f, d, 0, 5, 2)
	must(t, err)
	defer p.Close()
	groups := [][][][]int{{order}}
	got, err := p.Opposite(context.Background(), w.origin, examples, groups)
	must(t, err)
	held, err := p.HeldSides(context.Background(), w.origin, examples, groups)
	must(t, err)
	plain := w.Follow(d, order)
	d.Whole, d.Amplitude = examples, -1
	want := w.Follow(d, order)
	if apart := floats.Distance(got[0], want, 2); !(apart < 1e-13*floats.Norm(want, 2)) || floats.Distance(want, plain, 2) < 1e-3*floats.Norm(want, 2) {
		t.Errorf("with the opposite noise it is %v off", apart)
	}
	if apart := floats.Distance(held[0], plain, 2); !(apart < 1e-13*floats.Norm(plain, 2)) {
		t.Errorf("without kinks holding moves by %v", apart)
	}
	must(t, w.Err())
}

// What the expansion leaves of a network with kinks is what crosses them: with all sides held it falls as for a smooth one.
func TestKinksAreWhatIsLeft(t *testing.T) {
	w := open(t, "mlp:16", nn.CrossEntropy{}, "glyphs,size=8,train=24,test=8")
	examples := w.Train
	r := stream(1, "kinks")
	var groups [][][][]int
	for range 6 {
		deal := shuffled(r, examples, 6)
		groups = append(groups, [][][]int{deal, reversed(deal)})
	}
	d := Descent{Rate: 0.05}
	p, err := NewPaths(w.f, d, 0, len(examples), 4)
	must(t, err)
	defer p.Close()
	full, found, err := p.Run(context.Background(), w.origin, examples, groups)
	must(t, err)
	var ends [][]float64
	for _, g := range groups {
		ends = append(ends, times(0.5, plus(w.Follow(d, g[0]), 1, w.Follow(d, g[1]))))
	}
	parts, err := p.Dissect(context.Background(), w.origin, examples, groups, ends, full, found)
	must(t, err)
	must(t, w.Err())
	_, _, left := Remainders(ends, full, found)
	for k := range left {
		whole := plus(parts.Odd[k], 1, parts.Even[k])
		if apart := floats.Distance(whole, left[k], 2); !(apart < 1e-12*floats.Norm(full, 2)) {
			t.Errorf("odd and even parts are %v off what is left", apart)
		}
		if held, crossed := floats.Norm(parts.Held[k], 2), floats.Norm(parts.Crossed[k], 2); !(held < 0.1*crossed) {
			t.Errorf("held sides leave %v, crossed kinks contribute %v", held, crossed)
		}
	}
}

package theory

import (
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph/nn"
	"drift/optim"
)

// Where η goes to 0 the drift is that of (13), and the diffusion, one order in η higher, goes to nothing beside it.
func TestSecondOrderBeginsWithLeadingOrder(t *testing.T) {
	l, err := newLab(open(t, "mlp:4,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8"), Options{})
	must(t, err)
	_, gradient := l.sigma(l.few)
	for _, d := range append([]Descent{{}}, l.descents()...) {
		d.Rate = 1e-6 * l.reach / d.Updates(4)
		s := l.SecondOrder(d, l.few, 4)
		want := times(-d.Pairs(4)*d.Rate*d.Rate/16, gradient)
		if size := floats.Norm(want, 2); !(floats.Distance(s.Drift, want, 2) < 1e-5*size) || !(floats.Norm(s.Diffusion, 2) < 1e-5*size) {
			t.Errorf("μ = %v: drift is off by %v, diffusion %v of %v", d.Mu, floats.Distance(s.Drift, want, 2), floats.Norm(s.Diffusion, 2), size)
		}
	}
	must(t, l.Err())
}

// The third derivative along a vector is the central difference of Hessian products.
func TestCurvature(t *testing.T) {
	for _, model := range []string{"mlp:4,act=tanh", "mlp:4,act=gelu", groupnorm("4", "2")} {
		w := open(t, model, nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
		v := w.Gradient(w.Train[:3], nil)
		second, third := w.Curvature(w.Train, nil, v)
		const h = 1e-5
		up, down := w.HVP(w.Train, times(h, v), v), w.HVP(w.Train, times(-h, v), v)
		want := times(1/(2*h), minus(up, down)) // errors of order h² and ε/h, relative to the sizes of v and its products
		if !(floats.Distance(third, want, 2) < 1e-5*floats.Norm(want, 2)) || floats.Distance(second, w.HVP(w.Train, nil, v), 2) > 1e-13*floats.Norm(second, 2) {
			t.Errorf("%s: %v, by differences %v", model, floats.Norm(third, 2), floats.Norm(want, 2))
		}
		must(t, w.Err())
	}
}

// An example that stands twice in the data is two examples.
func TestSecondOrderOfCopies(t *testing.T) {
	w := open(t, "mlp:2,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
	d := Descent{Rate: 0.01, MomentumWeights: optim.MomentumWeights{Mu: 0.5}}
	full := w.Full(d, []int{1, 2}, 2)
	mean := w.OverSplits(d, []int{1, 2, 1, 2}, 2)
	if copies := w.overCopies(d, []int{1, 2}, 2, 2); floats.Distance(copies, mean, 2) > 1e-13*floats.Norm(mean, 2) {
		t.Errorf("over copies %v, over splits %v", copies, mean)
	}
	got, want := w.SecondOrder(d, []int{1, 2, 1, 2}, 2).Both(), minus(mean, full)
	if alike := w.predictCopies(propagated, d, []int{1, 2}, 2, 2).Both(); !(floats.Distance(got, alike, 2) < 1e-12*floats.Norm(got, 2)) {
		t.Errorf("of two copies of each %v, of four examples %v", floats.Norm(alike, 2), floats.Norm(got, 2))
	}
	if !(floats.Distance(got, want, 2) < 0.05*floats.Norm(want, 2)) {
		t.Errorf("predicted %v, measured %v", floats.Norm(got, 2), floats.Norm(want, 2))
	}
	must(t, w.Err())
}

package theory

import (
	"context"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"

	"drift/graph/nn"
	"drift/optim"
)

// Over all shuffles the paths have the mean that the recursion predicts, and noise of mean zero.
func TestPathsHaveThePredictedMean(t *testing.T) {
	for _, model := range []string{"mlp:3,act=tanh", groupnorm("4", "2")} {
		w := open(t, model, nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
		for _, d := range []Descent{{Rate: 0.3}, {Rate: 0.05, MomentumWeights: optim.MomentumWeights{Mu: 0.9}},
			{Rate: 0.05, MomentumWeights: optim.MomentumWeights{Mu: 0.5, Nesterov: true}}} {
			examples := w.Train[:4]
			var orders [][][]int
			for _, places := range combin.Permutations(4, 4) {
				order := make([]int, 4)
				for k, at := range places {
					order[k] = examples[at]
				}
				orders = append(orders, batches(order, 4))
			}
			p, err := NewPaths(w.f, d, 0, 4, 1)
			must(t, err)
			full, all, err := p.Run(context.Background(), w.origin, examples, [][][][]int{orders})
			must(t, err)
			p.AroundMean = true
			centre, deviations, err := p.Run(context.Background(), w.origin, examples, [][][][]int{orders})
			must(t, err)
			p.Close()
			around := w.AroundMean(d, examples, 4, 1)
			if apart := floats.Distance(centre, around, 2); !(apart < 1e-12*floats.Norm(around, 2)) || floats.Norm(deviations[0].Both(), 2) > 1e-12*floats.Norm(around, 2) {
				t.Errorf("%s, %+v: around SGD's mean they are %v off", model, d, apart)
			}
			want, got := w.SecondOrder(d, examples, 4), all[0]
			for name, v := range map[string][2][]float64{"GD": {full, w.Full(d, examples, 4)}, "drift": {got.Drift, want.Drift}, "diffusion": {got.Diffusion, want.Diffusion}} {
				if size := floats.Norm(v[1], 2); !(floats.Distance(v[0], v[1], 2) < 1e-10*size) || size == 0 {
					t.Errorf("%s, %+v: %s is %v off, of %v", model, d, name, floats.Distance(v[0], v[1], 2), size)
				}
			}
			if noise := floats.Norm(got.Noise, 2); noise > 1e-13*floats.Norm(full, 2) {
				t.Errorf("%s, %+v: noise of mean %v", model, d, noise)
			}
			must(t, w.Err())
		}
	}
}

// What the expansion leaves of where a shuffle leads falls with the third power of the noise, with weight decay and batches of several
// sizes too.
func TestPathsFollowAShuffle(t *testing.T) {
	w := open(t, "mlp:3,act=tanh", nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
	const decay = 0.3
	d := Descent{Rate: 0.1, MomentumWeights: optim.MomentumWeights{Mu: 0.5}}
	examples, order := w.Train[:5], [][]int{{2, 0}, {4, 1}, {3}}
	p, err := NewPaths(w.f, d, decay, 5, 2)
	must(t, err)
	defer p.Close()
	full, all, err := p.Run(context.Background(), w.origin, examples, [][][][]int{{order}})
	must(t, err)
	var left, linear [2]float64
	for k, s := range []float64{1. / 32, 1. / 64} {
		x := w.rest()
		for _, batch := range order {
			g, mean := w.Gradient(batch, x.u), w.Gradient(examples, x.u)
			g = plus(plus(mean, s, minus(g, mean)), decay, plus(w.origin, 1, x.u))
			d.push(x, g)
		}
		rest := plus(minus(x.u, full), -s, all[0].Noise)
		linear[k] = floats.Norm(rest, 2)
		left[k] = floats.Norm(plus(rest, -s*s, all[0].Both()), 2)
	}
	if a, b := linear[0]/linear[1], left[0]/left[1]; a < 3.8 || a > 4.2 || b < 7.4 || b > 8.6 {
		t.Errorf("halving the noise divides what the linear term leaves by %v, want 4, and what the quadratic leaves by %v, want 8", a, b)
	}
	must(t, w.Err())
}

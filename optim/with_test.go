package optim

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"drift/kernels"
	"drift/optim/checkpoint"
	"drift/optim/options"
)

// What With adds comes behind the optimizer's own transformations, in order: momentum twice, then a clip by layer.
func TestWithComesBehindTheOptimizersOwn(t *testing.T) {
	sgd := DefaultSGD
	sgd.Momentum = 0.9
	o := With(With(sgd, Momentum{0.5}), layerClip{1})
	b := newBenchOf(t, twoLayers, o.Transform(), kernels.Float64, make([]float64, sizeOfTwoLayers))
	theta, v, w := make([]float64, sizeOfTwoLayers), make([]float64, sizeOfTwoLayers), make([]float64, sizeOfTwoLayers)
	d := make([]float64, sizeOfTwoLayers)
	for step := range 4 {
		for i := range d {
			d[i] = math.Sin(float64(step*31 + i))
		}
		got := b.step(t, 0.1, d)
		out := slices.Clone(heavyBall(0.5, w, heavyBall(0.9, v, d)))
		for _, p := range twoLayers {
			copy(out[p.Offset:], clipped(1, out[p.Offset:p.Offset+p.Len]))
		}
		theta = plus(theta, -0.1, out)
		for i := range got {
			if math.Abs(got[i]-theta[i]) > 1e-14 {
				t.Fatalf("step %d: θ[%d] = %v, want %v", step, i, got[i], theta[i])
			}
		}
	}
	saved := checkpoint.Vectors{}
	if err := saved.Save(b.update.State); err != nil || saved["momentum"] == nil || saved["added.0.momentum"] == nil || len(saved) != 2 {
		t.Errorf("states %v, %v", saved, err)
	}
}

// The options are those of the optimizer inside: they are listed, changed, checked and searched through With.
func TestWithHasTheOptionsOfItsOptimizer(t *testing.T) {
	o := With(DefaultAdamW, layerClip{1})
	if got, want := len(options.Of(o)), len(options.Of(DefaultAdamW)); got != want {
		t.Errorf("%d options, want %d", got, want)
	}
	o, err := options.Set(o, "lr", "0.5")
	if err != nil || options.Number(o, "lr") != 0.5 || o.RateAt(0, 10) != 0.5 || options.Get(o, "beta1") != "0.9" {
		t.Errorf("%v: lr %v, beta1 %v", err, options.Get(o, "lr"), options.Get(o, "beta1"))
	}
	if o, err = options.Decode(o, []byte(`{"beta1": 0.5}`)); err != nil || options.Get(o, "beta1") != "0.5" || options.Get(o, "lr") != "0.5" {
		t.Errorf("%v: beta1 %v", err, options.Get(o, "beta1"))
	}
	text, err := json.Marshal(o)
	if back, err2 := options.Decode(With(DefaultAdamW, layerClip{1}), text); err != nil || err2 != nil || options.Get(back, "lr") != "0.5" || options.Get(back, "beta1") != "0.5" {
		t.Errorf("as JSON it is %s: %v, %v", text, err, err2)
	}
	if len(o.Transform().(Chain)) != 2 {
		t.Error("a changed option lost the transformation")
	}
	if got := NameOf(o); got != "adamw with optim.layerClip" {
		t.Errorf("it is called %q", got)
	}
	wrong := DefaultSGD
	wrong.Nesterov = true
	if err := Check(With(wrong, layerClip{1}), Problem{Examples: 60, Steps: 10}); err == nil {
		t.Error("nesterov without momentum was accepted behind With")
	}
	if _, along := With(DefaultSGD, layerClip{1}).(AlongGradient); along {
		t.Error("the theory would be applied to steps that a transformation has changed")
	}
}

package optim

import (
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph/objective"
	"drift/kernels"
	"drift/optim/optimtest"
)

// Two steps of SAM are those of plain numbers: the parameters are moved by ρ along the gradient, a gradient is taken there, and SGD
// with momentum and weight decay follows it from where they were.
func TestSAMStepsByTheGradientNearby(t *testing.T) {
	const rho, rate, mu, decay = 0.3, 0.2, 0.9, 0.01
	f := optimtest.Objective(t, kernels.Float64, 1)
	o := with(t, "sam", "rho", "0.3", "lr", "0.2", "momentum", "0.9", "weight_decay", "0.01", "batch", "30")
	d, err := o.Direction(Context{Objective: f, Batch: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	u, err := NewUpdate(f.Device(), o.Transform(), f.Model.Params(), f.Parameters(), d.Vector())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()

	theta := optimtest.Read(t, f.Parameters())
	v, scratch := make([]float64, len(theta)), optimtest.Vector(t, f)
	gradientAt := func(at []float64, batch []int) []float64 {
		if err := f.Parameters().Write(at); err != nil {
			t.Fatal(err)
		}
		if err := f.Gradient(batch, scratch); err != nil {
			t.Fatal(err)
		}
		return optimtest.Read(t, scratch)
	}
	for _, batch := range [][]int{f.All(objective.Train)[:30], f.All(objective.Train)[30:]} {
		g := gradientAt(theta, batch)
		moved := plus(theta, rho/floats.Norm(g, 2), g)
		want := plus(theta, -rate, heavyBall(mu, v, plus(gradientAt(moved, batch), decay, theta)))
		if err := f.Parameters().Write(theta); err != nil {
			t.Fatal(err)
		}
		measured, err := d.Compute(batch, rate)
		if err != nil {
			t.Fatal(err)
		}
		value, err := measured.Value()
		if err != nil {
			t.Fatal(err)
		}
		loss, err := f.Evaluate(batch)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "loss", []float64{value.Loss}, []float64{loss.Loss}, 1e-12)
		if err := u.Step(rate); err != nil {
			t.Fatal(err)
		}
		theta = optimtest.Read(t, f.Parameters())
		near(t, "θ", theta, want, 1e-12)
	}
}

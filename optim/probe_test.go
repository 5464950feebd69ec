package optim

import (
	"math"
	"testing"

	"drift/kernels"
	"drift/optim/objective"
)

// On samples of all examples the two terms of the drift of the gap are those of the first order in η exactly: halving η halves
// what is left of their ratio to 1.
func TestProbeFindsTheDriftOfTheGap(t *testing.T) {
	left := func(rate float64) float64 {
		s := Settings{Optimizer: "gd", Rate: rate, Steps: 10, Every: 10000}
		trainer := newTrainer(t, s, kernels.Float64)
		numbers := map[string]float64{}
		predicted := 0.0
		for step := range 2 {
			if err := trainer.probe.measure(step, numbers); err != nil {
				t.Fatal(err)
			}
			if step == 0 {
				predicted = rate * (numbers["tr_sigma"]/60 + numbers["gap_gradient"])
				if err := trainer.Step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if numbers["sampled"] != 60 || !(numbers["gap_drift_predicted"] > 0) {
			t.Fatalf("numbers %v", numbers)
		}
		return math.Abs(predicted/numbers["gap_drift_measured"] - 1)
	}
	a, b := left(2e-3), left(1e-3)
	if slope := math.Log2(a / b); math.Abs(slope-1) > 0.1 || a > 0.1 {
		t.Errorf("prediction and measurement differ by %.3g of the drift at one η and by %.3g at half of it: order %.2f, want 1", a, b, slope)
	}
}

func TestProbeMeasuresItsSample(t *testing.T) {
	trainer := newTrainer(t, Settings{Optimizer: "sgd", Rate: 0.1, Batch: 30, Steps: 10, Every: 67}, kernels.Float64)
	p, f, numbers := trainer.probe, trainer.Objective, map[string]float64{}
	if err := p.measure(3, numbers); err != nil {
		t.Fatal(err)
	}
	chosen := p.draw(objective.Train, 3)
	mean, slope := vectorOf(t, f), vectorOf(t, f)
	trace, err := f.TraceGradient(chosen, mean, slope)
	if err != nil {
		t.Fatal(err)
	}
	if len(chosen) != 10 || numbers["sampled"] != 10 || numbers["tr_sigma"] != trace || numbers["sigma_eigenvalue_1"] <= 0 || numbers["sigma_eigenvalue_3"] > trace {
		t.Errorf("sample of %d, tr Σ %v, numbers %v", len(chosen), trace, numbers)
	}
	if same := p.draw(objective.Train, 4); len(same) == len(chosen) && same[0] == chosen[0] && same[1] == chosen[1] {
		t.Error("two steps measure the same sample")
	}
}

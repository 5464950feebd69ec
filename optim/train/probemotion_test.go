package train

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"drift/graph/objective"
	"drift/kernels"
	"drift/optim"
	"drift/optim/optimtest"
)

// A measured step's sizes are those of θ, and alpha follows from the gradients at both of its ends.
func TestMotionOfAStep(t *testing.T) {
	trainer, p := probed(t, changed(optim.DefaultSGD, "lr", "0.3", "batch", "20"), Options{Steps: 9, Seed: 7, MeasureEvery: 3})
	f := trainer.Objective
	all := p.fixed[0]
	gradient := func() []float64 {
		v := optimtest.Vector(t, f)
		if err := f.Gradient(all, v); err != nil {
			t.Fatal(err)
		}
		return optimtest.Read(t, v)
	}
	start := optimtest.Read(t, f.Parameters())
	for step := 1; step <= 9; step++ {
		before, g := optimtest.Read(t, f.Parameters()), gradient()
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
		if !p.motion.marked {
			if step%3 == 0 {
				t.Errorf("step %d is not measured", step)
			}
			continue
		}
		numbers := map[string]float64{}
		if err := p.motion.measure(all, numbers); err != nil {
			t.Fatal(err)
		}
		after := optimtest.Read(t, f.Parameters())
		moved := make([]float64, len(after))
		floats.SubTo(moved, after, before)
		for name, want := range map[string]float64{
			"update_norm": floats.Norm(moved, 2),
			"distance":    floats.Distance(after, start, 2),
			"alpha":       -floats.Dot(gradient(), moved) / floats.Dot(g, moved),
		} {
			if math.Abs(numbers[name]-want) > 1e-10*math.Abs(want) {
				t.Errorf("step %d: %s is %v, want %v", step, name, numbers[name], want)
			}
		}
	}
}

// The tests' numbers are those of the gradients written out.
func TestVarianceOfBatches(t *testing.T) {
	trainer, p := probed(t, changed(optim.DefaultSGD, "lr", "0", "batch", "20"), Options{Steps: 9, Seed: 7, MeasureEvery: 3})
	f, chosen := trainer.Objective, p.fixed[0]
	var g [][]float64
	for _, example := range chosen {
		v := optimtest.Vector(t, f)
		if err := f.Gradient([]int{example}, v); err != nil {
			t.Fatal(err)
		}
		g = append(g, optimtest.Read(t, v))
	}
	var along []float64
	for i := range g {
		rest := make([]float64, len(g[0]))
		for k := range g {
			if k != i {
				floats.AddScaled(rest, 1/float64(len(g)-1), g[k])
			}
		}
		along = append(along, floats.Dot(g[i], rest))
	}
	s, err := p.statistics(chosen)
	if err != nil {
		t.Fatal(err)
	}
	if want := stat.Variance(along, nil); math.Abs(s.variance-want) > 1e-9*want {
		t.Errorf("the variance along the mean is %v, want %v", s.variance, want)
	}
	numbers := map[string]float64{}
	s.tests(20, numbers)
	for name, want := range map[string]float64{"norm_test": math.Sqrt(s.trace/20) / math.Sqrt(s.square), "inner_product_test": math.Sqrt(s.variance/20) / s.square} {
		if math.Abs(numbers[name]-want) > 1e-12*want || !(want > 0) {
			t.Errorf("%s is %v, want %v", name, numbers[name], want)
		}
	}
	numbers = map[string]float64{}
	sampleStatistics{square: -1, trace: 1}.tests(20, numbers)
	if len(numbers) > 0 {
		t.Errorf("without a gradient: %v", numbers)
	}
}

// A run that goes on from a checkpoint counts the distance from where it began.
func TestDistanceAfterResuming(t *testing.T) {
	end := func(steps ...int) map[string]float64 {
		trainer := newTrainer(t, run{sgd(0.1, 30), 20}, kernels.Float64)
		for i, upTo := range steps {
			if i > 0 {
				counts, vectors, err := trainer.Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				trainer = newTrainer(t, run{sgd(0.1, 30), 20}, kernels.Float64)
				if err := trainer.restore(counts.(counters), vectors); err != nil {
					t.Fatal(err)
				}
			}
			for trainer.StepsTaken() < upTo {
				if err := trainer.Step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		numbers := map[string]float64{}
		if err := trainer.probe.motion.measure(trainer.Objective.All(objective.Train), numbers); err != nil {
			t.Fatal(err)
		}
		return numbers
	}
	whole, resumed := end(20), end(10, 20)
	if fmt.Sprint(whole) != fmt.Sprint(resumed) || !(whole["distance"] > whole["update_norm"]) {
		t.Errorf("at once %v, resumed %v", whole, resumed)
	}
}

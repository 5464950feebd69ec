package train

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim"
	"drift/optim/optimtest"
	"drift/optim/rundir"
)

const dropoutNetwork = `{"layers":["flatten",{"linear":{"out":12}},{"dropout":{"p":0.3}},"tanh",{"linear":{"out":10}}]}`

// dropouts are runs whose steps take one pass, two passes or more over their examples.
func dropouts() map[string]run {
	names := []string{"sgd", "gd-reg", "sgd-reg", "sam", "adamw", "adaptive", "kronecker", "noise", "measured"}
	some := map[string]run{}
	for _, name := range names {
		some[name] = runs[name]
	}
	return some
}

// drawn are problems that look different at each step or in each epoch.
var drawn = map[string][2]string{
	"dropout":      {"glyphs,train=60,test=40,size=8", dropoutNetwork},
	"augmentation": {"glyphs,train=60,test=40,size=8,augment=crop2+flip", `{"layers":["flatten",{"linear":{"out":12}},"tanh",{"linear":{"out":10}}]}`},
}

func dropoutTrainer(t *testing.T, r run, dtype kernels.DType, chunk int) *Trainer {
	t.Helper()
	return drawnTrainer(t, "dropout", r, dtype, chunk)
}

func drawnTrainer(t *testing.T, problem string, r run, dtype kernels.DType, chunk int) *Trainer {
	t.Helper()
	split, model := optimtest.Problem(t, drawn[problem][0], drawn[problem][1])
	dev := devicetest.Open(2)
	f, err := optimtest.Begin(dev, model, split, objective.Options{DType: dtype, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := New(f, r.optimizer, r.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { trainer.Close(); f.Close(); dev.Close() })
	return trainer
}

// Masks follow from step and example, changes of images from epoch and example: chunks change nothing but the order of sums.
func TestDropoutAgreesAcrossChunks(t *testing.T) {
	for problem := range drawn {
		for name, r := range dropouts() {
			var losses []float64
			for _, chunk := range []int{9, 100} {
				losses = append(losses, train(t, drawnTrainer(t, problem, r, kernels.Float64, chunk), Logging{}).Train.Loss)
			}
			if math.Abs(losses[0]-losses[1]) > 1e-9*losses[1] {
				t.Errorf("%s, %s: loss %v in chunks of 9, %v in one", problem, name, losses[0], losses[1])
			}
		}
	}
}

// A run that is stopped and resumed sees the masks and the images that it would have seen.
func TestDropoutResumesWithTheSameBits(t *testing.T) {
	for problem := range drawn {
		resumesAlike(t, problem)
	}
}

func resumesAlike(t *testing.T, problem string) {
	t.Helper()
	for name, r := range dropouts() {
		whole := drawnTrainer(t, problem, r, kernels.Float32, 25)
		train(t, whole, Logging{})
		path := filepath.Join(t.TempDir(), "run")
		dir, err := rundir.Create(path, "")
		if err != nil {
			t.Fatal(err)
		}
		l := Logging{Dir: dir}
		stopped := drawnTrainer(t, problem, r, kernels.Float32, 25)
		for stopped.StepsTaken() < 13 {
			if err := stopped.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.save(stopped); err != nil {
			t.Fatal(err)
		}
		resumed := drawnTrainer(t, problem, r, kernels.Float32, 25)
		if err := resumed.Resume(dir); err != nil {
			t.Fatal(err)
		}
		train(t, resumed, l)
		dir.Close()
		if !optimtest.Same(theta(t, resumed), theta(t, whole)) {
			t.Errorf("%s, %s: other weights after a stop", problem, name)
		}
	}
}

// A step of sgd and both passes of sam's see one masked network, the evaluation at the end none; another step sees other masks.
func TestPassesOfAStepSeeOneNetwork(t *testing.T) {
	const rho = 0.1
	sam := changed(optim.DefaultSAM, "batch", "full", "rho", "0.1", "lr", "0")
	trainer := dropoutTrainer(t, run{sam, 0}, kernels.Float64, 25)
	f := trainer.Objective
	examples := f.All(objective.Train)
	gradient := func(f *objective.Objective) []float64 {
		v := optimtest.Vector(t, f)
		defer v.Free()
		if err := f.Gradient(examples, v); err != nil {
			t.Fatal(err)
		}
		return optimtest.Read(t, v)
	}
	start := theta(t, trainer)
	var before []float64
	for range 2 {
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
		g, norm := gradient(f.Training()), 0.0
		for _, x := range g {
			norm += x * x
		}
		moved := theta(t, trainer)
		for i := range moved {
			moved[i] += rho * g[i] / math.Sqrt(norm)
		}
		if err := f.Parameters().Write(moved); err != nil {
			t.Fatal(err)
		}
		want, got := gradient(f.Training()), optimtest.Read(t, trainer.direction.Vector())
		if d := distance(got, want); d > 1e-10 {
			t.Errorf("sam's direction is off by %v from two gradients of one masked network", d)
		}
		if err := f.Parameters().Write(start); err != nil {
			t.Fatal(err)
		}
		if d := distance(gradient(f), g); d < 0.01 {
			t.Errorf("the gradient in evaluation is within %v of that of the masked network", d)
		}
		if before != nil && distance(before, g) < 0.01 {
			t.Error("two steps see the same masks")
		}
		before = g
	}
}

// distance is ‖got − want‖/‖want‖.
func distance(got, want []float64) float64 {
	var d, s float64
	for i := range want {
		d += (got[i] - want[i]) * (got[i] - want[i])
		s += want[i] * want[i]
	}
	return math.Sqrt(d / s)
}

// Optimizers descend on a network with dropout, whose end is evaluated without.
func TestDropoutDescends(t *testing.T) {
	for name, r := range dropouts() {
		trainer := dropoutTrainer(t, r, kernels.Float32, 25)
		before, err := Evaluate(trainer.Objective, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		end, err := trainer.Run(context.Background(), Logging{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Evaluate(trainer.Objective, 0, 0)
		if err != nil || end.Train.Loss > 0.9*before.Train.Loss || again.Train != end.Train {
			t.Errorf("%s: loss %v before, %v after, %v again (%v)", name, before.Train.Loss, end.Train.Loss, again.Train.Loss, err)
		}
	}
}

package train

import (
	"math"
	"testing"

	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/optimtest"
)

// Every optimizer trains where numbers of examples are stored as bfloat16. Parameters stay float32, so that no step is rounded away: the loss in
// the end is float32's but for what errors of 2⁻⁸ in gradients make of thirty steps, 6 % of the loss at first at most: bases of few gradients, of
// which small eigenvalues are divided by, differ most.
func TestEveryOptimizerDescendsNarrow(t *testing.T) {
	device := devicetest.Narrow(t)
	split, model := optimtest.Problem(t, "glyphs,train=60,test=40,size=8", "mlp:12")
	for name, r := range runs {
		f, err := optimtest.Begin(device, model, split, objective.Options{DType: kernels.Float32, Chunk: 25})
		if err != nil {
			t.Fatal(err)
		}
		trainer, err := New(f, r.optimizer, r.options())
		if err != nil {
			t.Fatal(err)
		}
		before, err := f.Evaluate(f.All(objective.Train))
		if err != nil {
			t.Fatal(err)
		}
		end := train(t, trainer, Logging{})
		if !(end.Train.Loss <= 0.85*before.Loss) || end.Steps != 30 {
			t.Errorf("%s: loss %v before, result %+v", name, before.Loss, end)
		}
		trainer.Close()
		wide := newTrainer(t, r, kernels.Float32)
		if want := train(t, wide, Logging{}).Train.Loss; !(math.Abs(end.Train.Loss-want) <= 0.06*before.Loss) {
			t.Errorf("%s: loss %v, in float32 %v", name, end.Train.Loss, want)
		}
		wide.Close()
		f.Close()
	}
}

package train

import (
	"maps"
	"slices"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/optimtest"
)

// Wherever memory ends or the device is lost, a run fails with an error, and everything that it held is given back.
func TestRunsOnFailingDevices(t *testing.T) {
	split, model := optimtest.Problem(t, "glyphs,train=60,test=40,size=8", "mlp:12")
	for _, name := range devicetest.Some(5, slices.Sorted(maps.Keys(runs))...) {
		t.Run(name, func(t *testing.T) {
			devicetest.OnFailingDevice(t, func(dev kernels.Device) error { return fewSteps(dev, model, split, runs[name]) })
		})
	}
}

func fewSteps(dev kernels.Device, model *nn.Model, split *data.Split, r run) error {
	f, err := optimtest.Begin(dev, model, split, objective.Options{DType: kernels.Float32, Chunk: 25})
	if err != nil {
		return err
	}
	defer f.Close()
	trainer, err := New(f, r.optimizer, r.options())
	if err != nil {
		return err
	}
	defer trainer.Close()
	for range 6 {
		if err := trainer.Step(); err != nil {
			return err
		}
		if _, err := (Logging{LogEvery: 3}).log(trainer); err != nil {
			return err
		}
	}
	return nil
}

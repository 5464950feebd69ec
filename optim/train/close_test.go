package train

import (
	"maps"
	"slices"
	"testing"

	"drift/kernels"
	"drift/optim/optimtest"
)

// One objective serves run after run, as a search over settings has it: a closed trainer leaves nothing behind.
func TestClosedTrainersLeaveNoPrograms(t *testing.T) {
	f := optimtest.Objective(t, kernels.Float32, 1)
	round := func() int64 {
		for _, name := range slices.Sorted(maps.Keys(runs)) { // as each goes on from where the one before left the weights
			r := runs[name]
			trainer, err := New(f, r.optimizer, r.options())
			if err == nil {
				err = trainer.Step()
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			trainer.Close()
		}
		return f.WorkBytes()
	}
	round() // the arena has grown to its size, which forgets programs, and then they are all there
	before := round()
	if after := round(); after != before {
		t.Errorf("%d bytes are held after a round of runs, %d after another", before, after)
	}
}

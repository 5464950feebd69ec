package optim

import (
	"fmt"
	"math"
	"testing"
)

func TestRadicalInverse(t *testing.T) {
	for _, c := range []struct {
		n, base int
		want    float64
	}{{1, 2, 0.5}, {2, 2, 0.25}, {3, 2, 0.75}, {6, 2, 0.375}, {1, 3, 1. / 3}, {5, 3, 7. / 9}} {
		if got := radicalInverse(c.n, c.base); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%d in base %d: %v, want %v", c.n, c.base, got, c.want)
		}
	}
}

func TestTrialsStayInTheirSpace(t *testing.T) {
	for name, s := range map[string]Settings{
		"sgd":           {Rate: 0.1, Steps: 10, Batch: 10},
		"gd":            {Rate: 0.1, Steps: 10},
		"gd-reg":        {Rate: 0.1, Steps: 10, EmulateBatch: 10},
		"gd-noise":      {Rate: 0.1, Steps: 10, EmulateBatch: 10},
		"sigma-inverse": {Rate: 0.1, Steps: 10, Batch: 10},
	} {
		s.Optimizer = name
		if s.Trial(0) != s {
			t.Errorf("%s: the first trial changes the settings", name)
		}
		seen := map[Settings]bool{}
		for k := range 20 {
			trial := s.Trial(k)
			seen[trial] = true
			if text := fmt.Sprintf("%.3g", trial.Rate); text != fmt.Sprint(trial.Rate) {
				t.Errorf("%s, trial %d: a learning rate of %v", name, k, trial.Rate)
			}
			if err := trial.Check(100); err != nil {
				t.Errorf("%s, trial %d: %v", name, k, err)
			}
			if trial.Rate < 0.01 || trial.Rate > 1 || trial.EmulateBatch > 20 {
				t.Errorf("%s, trial %d: %+v", name, k, trial)
			}
		}
		if len(seen) != 20 {
			t.Errorf("%s: %d of 20 trials differ", name, len(seen))
		}
	}
	if n := len((Settings{Optimizer: "gd-reg", Rate: 1, EmulateBatch: 10, Penalty: "blocks"}).Space()); n != 1 {
		t.Errorf("in blocks gd-reg has %d dimensions", n)
	}
}

package optim

import (
	"math"
	"testing"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		schedule Schedule
		step     int
		want     float64
	}{
		{Schedule{"constant", 0.5, 0, 0, 10}, 9, 0.5},
		{Schedule{"cosine", 0.5, 0, 0, 10}, 0, 0.5},
		{Schedule{"cosine", 0.5, 0, 0, 10}, 5, 0.25},
		{Schedule{"cosine", 0.5, 0, 0, 10}, 10, 0},
		{Schedule{"cosine", 0.5, 0, 4, 14}, 9, 0.25},
		{Schedule{"cosine", 0.5, 0.1, 0, 10}, 5, 0.3},
		{Schedule{"cosine", 0.5, 0.1, 0, 10}, 10, 0.1},
		{Schedule{"step", 1, 0, 0, 100}, 49, 1},
		{Schedule{"step", 1, 0, 0, 100}, 50, 0.1},
		{Schedule{"step", 1, 0, 0, 100}, 75, 0.01},
		{Schedule{"constant", 1, 0, 4, 10}, 0, 0.2},
		{Schedule{"constant", 1, 0, 4, 10}, 3, 0.8},
		{Schedule{"constant", 1, 0, 4, 10}, 4, 1},
	} {
		if got := c.schedule.At(c.step); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%+v at step %d: %v, want %v", c.schedule, c.step, got, c.want)
		}
	}
}

func TestSchedulesThatCannotBeFollowed(t *testing.T) {
	for _, s := range []Schedule{{"linear", 1, 0, 0, 10}, {"cosine", math.NaN(), 0, 0, 10}, {"cosine", -1, 0, 0, 10},
		{"constant", math.Inf(1), 0, 0, 10}, {"cosine", 1, 0, 10, 10}, {"cosine", 1, 2, 0, 10}, {"step", 1, 0.1, 0, 10},
		{"onecycle", 1, 0.1, 0, 10}, {"onecycle", 1, 0, 2, 10}} {
		if s.Check() == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if err := (Schedule{"constant", 1, 0, 0, 0}).Check(); err != nil {
		t.Error(err)
	}
}

// PyTorch 2.6: the learning rates of OneCycleLR(SGD, max_lr=0.5, total_steps=N), all other arguments left out.
func TestOneCycleIsPyTorchs(t *testing.T) {
	for _, rates := range [][]float64{
		{0.02, 0.17489482710979154, 0.43964257956106434, 0.49720771772545586, 0.46650648492070584, 0.4058728269748815, 0.32368949884755166,
			0.23131855133348753, 0.14153049910434962, 0.0667387650944153, 0.01728349371269761, 2e-06},
		{0.4058728269748815, 2e-06},
		{2e-06},
	} {
		s := Schedule{"onecycle", 0.5, 0, 0, len(rates)}
		for step, want := range rates {
			if got := s.At(step); math.Abs(got-want) > 1e-15 {
				t.Errorf("step %d of %d: %v, want %v", step, len(rates), got, want)
			}
		}
	}
}

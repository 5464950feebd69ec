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
		{"constant", math.Inf(1), 0, 0, 10}, {"cosine", 1, 0, 10, 10}, {"cosine", 1, 2, 0, 10}, {"step", 1, 0.1, 0, 10}} {
		if s.Check() == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if err := (Schedule{"constant", 1, 0, 0, 0}).Check(); err != nil {
		t.Error(err)
	}
}

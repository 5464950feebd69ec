package timing

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// fake is a clock that only work and pauses move, and the order in which they came.
type fake struct {
	now  time.Time
	seen []string
}

func (f *fake) clock() Clock {
	return Clock{func() time.Time { return f.now }, func() time.Duration { return f.now.Sub(time.Time{}) }, func(d time.Duration) {
		if d > 0 {
			f.seen = append(f.seen, fmt.Sprint("pause ", d))
		}
		f.now = f.now.Add(d)
	}}
}

// worker is a timer that takes its slot and answers with the given times in turn.
func (f *fake) worker(name string, seconds ...float64) Timer {
	k := -1
	return func(_ context.Context, slot time.Duration) (float64, error) {
		f.seen = append(f.seen, name)
		f.now = f.now.Add(slot)
		k = (k + 1) % len(seconds)
		return seconds[k], nil
	}
}

func TestTurnsAlternate(t *testing.T) {
	f := &fake{}
	rivals := []Rival{
		{Name: "a", Group: "a", Time: f.worker("a", 2), Settle: time.Millisecond},
		{Name: "b", Group: "b", Time: f.worker("b", 8)},
	}
	own, found, err := f.clock().Measure(context.Background(), f.worker("own", 4, 8), rivals, time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(f.seen, ","), strings.Repeat("own,pause 1ms,a,own,b,", fewest); got+"," != want {
		t.Errorf("turns %s, want %s", got, want)
	}
	if want := (Summary{6, 4, 8}); own != want {
		t.Errorf("own time %+v, want %+v", own, want)
	}
	// Each ratio is of neighbours: a always follows the faster of ours, b the slower.
	for k, want := range []Summary{{2, 2, 2}, {1, 1, 1}} {
		if found[k].Ratio != want {
			t.Errorf("ratio to %s %+v, want %+v", found[k].Name, found[k].Ratio, want)
		}
	}
}

func TestMeasureKeepsToItsTime(t *testing.T) {
	for _, budget := range []time.Duration{time.Second, 30 * time.Second} {
		f := &fake{}
		if _, _, err := f.clock().Measure(context.Background(), f.worker("own", 1), nil, budget); err != nil {
			t.Fatal(err)
		}
		if spent := f.now.Sub(time.Time{}); spent < budget || spent > budget+longest {
			t.Errorf("%v of %v", spent, budget)
		}
	}
}

func TestMedianOfNoisyRatios(t *testing.T) {
	f := &fake{}
	rivals := []Rival{{Name: "a", Time: f.worker("a", 1, 1, 100, 1, 1)}}
	_, found, err := f.clock().Measure(context.Background(), f.worker("own", 2, 2, 2, 2, 50), rivals, 20*time.Second)
	if err != nil || found[0].Ratio != (Summary{2, 0.02, 50}) {
		t.Errorf("%+v, %v", found[0].Ratio, err)
	}
}

func TestRivalThatFailsDropsOut(t *testing.T) {
	f := &fake{}
	broken := errors.New("broken")
	calls := 0
	rivals := []Rival{
		{Name: "bad", Group: "bad", Time: func(context.Context, time.Duration) (float64, error) { calls++; return 0, broken }},
		{Name: "good", Group: "good", Time: f.worker("good", 1)},
	}
	_, found, err := f.clock().Measure(context.Background(), f.worker("own", 3), rivals, time.Second)
	if err != nil || calls != 1 || found[0].Err != broken || found[1].Err != nil || found[1].Ratio.Median != 3 {
		t.Errorf("%d calls, %+v, %v", calls, found, err)
	}
	own, _, err := f.clock().Measure(context.Background(), f.worker("own", 3), rivals[:1], time.Second)
	if err != nil || own.Median != 3 {
		t.Errorf("alone: %+v, %v", own, err)
	}
}

func TestOwnFailureAndInterruptEndTheMeasurement(t *testing.T) {
	f := &fake{}
	broken := errors.New("broken")
	if _, _, err := f.clock().Measure(context.Background(), f.clock().Repeat(func() error { return broken }), nil, time.Second); err != broken {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopping := func(context.Context, time.Duration) (float64, error) { cancel(); return 0, errors.New("killed") }
	if _, _, err := f.clock().Measure(ctx, f.worker("own", 1), []Rival{{Time: stopping}}, time.Second); err != context.Canceled {
		t.Error(err)
	}
}

func TestBestSettingOfALibraryCounts(t *testing.T) {
	f := &fake{}
	failing := func(context.Context, time.Duration) (float64, error) { return 0, errors.New("no") }
	rivals := []Rival{
		{Name: "1 thread", Group: "torch", Time: f.worker("", 2)}, {Name: "2 threads", Group: "torch", Time: f.worker("", 1)},
		{Name: "3 threads", Group: "torch", Time: failing}, {Name: "blas", Group: "blas", Time: failing},
	}
	_, found, err := f.clock().Measure(context.Background(), f.worker("own", 1), rivals, time.Second)
	if err != nil || len(found) != 2 || found[0].Name != "2 threads" || found[1].Err == nil {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRepeatLeavesTheFirstCallOut(t *testing.T) {
	f := &fake{}
	first := true
	run := func() error {
		d := 10 * time.Millisecond
		if first {
			first, d = false, time.Hour
		}
		f.now = f.now.Add(d)
		return nil
	}
	for _, slot := range []time.Duration{0, 10 * time.Millisecond, 95 * time.Millisecond} {
		if s, err := f.clock().Repeat(run)(context.Background(), slot); math.Abs(s-0.01) > 1e-12 || err != nil {
			t.Errorf("slot %v: %v s, %v", slot, s, err)
		}
	}
}

func TestRepeatCountsEveryLongCall(t *testing.T) {
	f := &fake{}
	calls := 0
	timer := f.clock().Repeat(func() error { calls++; f.now = f.now.Add(time.Second); return nil })
	for range 3 {
		if s, err := timer(context.Background(), longest); s != 1 || err != nil {
			t.Errorf("%v s, %v", s, err)
		}
	}
	if calls != 4 {
		t.Errorf("%d calls in three turns, want one that is not counted and three", calls)
	}
}

// Sleep is no work on one clock and passes like any other time on the other.
func TestClocks(t *testing.T) {
	for name, c := range Clocks() {
		nap := func() error { time.Sleep(20 * time.Millisecond); return nil }
		if s, err := c.Repeat(nap)(context.Background(), time.Millisecond); err != nil || (s >= 0.02) != (name == "wall") {
			t.Errorf("%s: %v s, %v", name, s, err)
		}
	}
}

func TestSummary(t *testing.T) {
	x := []float64{5, 1, 3}
	if got := Summarize(x); got != (Summary{3, 1, 5}) || !slices.Equal(x, []float64{5, 1, 3}) {
		t.Errorf("%+v of %v", got, x)
	}
	if got := Summarize([]float64{4, 1, 2, 9}); got != (Summary{3, 1, 9}) {
		t.Errorf("%+v", got)
	}
	if !math.IsNaN(Summarize(nil).Median) {
		t.Error("the median of nothing is a number")
	}
	if g := GeometricMean([]float64{0.5, 2, 8}); math.Abs(g-2) > 1e-15 {
		t.Errorf("geometric mean %v", g)
	}
}

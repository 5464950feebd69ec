package progress

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Away from a terminal there is a first line after two seconds, then one every ten.
func TestPlainLines(t *testing.T) {
	var lines strings.Builder
	p := New(&lines, "training", "steps", 100)
	clock := p.start
	p.now = func() time.Time { return clock }
	for step := 1; step <= 100; step++ {
		clock = clock.Add(250 * time.Millisecond)
		p.Set(step, "loss 1")
	}
	p.Close()
	want := []string{
		"training: 8 of 100 steps, 4 a second, 23s left (loss 1)",
		"training: 48 of 100 steps, 4 a second, 13s left (loss 1)",
		"training: 88 of 100 steps, 4 a second, 3s left (loss 1)",
	}
	if got := strings.TrimSpace(lines.String()); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestProgressWithoutAWriter(t *testing.T) {
	p := New(nil, "training", "steps", 2)
	p.last = time.Time{}
	p.Set(1, "")
	p.Close()
	var none *Display
	none.Close()
}

// A curve is of the whole task however many points it has, from least to greatest.
func TestCurves(t *testing.T) {
	for _, c := range []struct {
		points int
		of     func(i int) float64
		want   string
	}{
		{1, func(int) float64 { return 3 }, "loss ▁ 3"},
		{8, func(i int) float64 { return float64(i) }, "loss ▁▂▃▄▅▆▇█ 7"},
		{16, func(i int) float64 { return float64(15 - i) }, "loss ██▇▇▆▆▅▅▄▄▃▃▂▂▁▁ 0"},
		{4, func(i int) float64 { return math.Pow(10, -float64(i)) }, "loss █▆▃▁ 0.001000"},
		{32, func(i int) float64 { return float64(i / 16) }, "loss ▁▁▁▁▁▁▁▁████████ 1"},
		{65536, func(i int) float64 { return float64(i / 32768) }, "loss ▁▁▁▁▁▁▁▁████████ 1"},
	} {
		curve := &curve{name: "loss"}
		for i := range c.points {
			curve.add(c.of(i))
		}
		if got := curve.String(); got != c.want {
			t.Errorf("%d points: %s, want %s", c.points, got, c.want)
		}
		if len(curve.values) > 2*cells {
			t.Errorf("%d points are kept in %d values", c.points, len(curve.values))
		}
	}
}

// A narrow terminal shows as many curves as leave room for the bar.
func TestCurvesThatFit(t *testing.T) {
	p := &Display{task: "training", curves: []*curve{{name: "loss"}, {name: "test accuracy"}}}
	for _, c := range p.curves {
		c.add(1)
	}
	for width, want := range map[int]string{60: "training", 75: "training (loss 1)", 90: "training (loss ▁ 1, test accuracy 1)", 200: "training (loss ▁ 1, test accuracy ▁ 1)"} {
		if got := p.describe("", width); got != want {
			t.Errorf("%d columns: %s", width, got)
		}
	}
	if got := p.describe("seed 1", 80); got != "training (seed 1, loss 1)" {
		t.Error(got)
	}
}

// The curves of one run make way for those of the next; a display that goes on with a task keeps them.
func TestCurvesAreOfOneRun(t *testing.T) {
	p := &Display{task: "comparing", bar: progressbar.NewOptions(1, progressbar.OptionSetWriter(io.Discard))}
	for _, run := range []string{"sgd", "gd"} {
		for i := range 3 {
			p.Course(run)
			p.Point("loss", float64(i))
		}
	}
	if got := p.describe("", 200); got != "comparing (loss ▁▅█ 2)" {
		t.Error(got)
	}
	same, other := &Display{task: "comparing", bar: p.bar}, &Display{task: "measuring", bar: p.bar}
	for next, want := range map[*Display]string{same: "comparing (loss ▁▅█ 2)", other: "measuring"} {
		next.GoesOn(p)
		next.GoesOn(nil)
		if got := next.describe("", 200); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

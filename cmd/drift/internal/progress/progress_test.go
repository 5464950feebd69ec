package progress

import (
	"strings"
	"testing"
	"time"
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

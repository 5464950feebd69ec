package main

import (
	"strings"
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	for line, want := range map[string]float64{"150000 100000": 1.5, "max 100000": 0, "": 0, "1 0": 0} {
		if got := quota(line); got != want {
			t.Errorf("quota(%q) = %v, want %v", line, got, want)
		}
	}
}

// Away from a terminal there is a first line after two seconds, then one every ten.
func TestProgressInPlainLines(t *testing.T) {
	var lines strings.Builder
	p := (&app{stderr: &lines}).progress("training", "steps", 100)
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

func TestProgressIsQuiet(t *testing.T) {
	var lines strings.Builder
	p := (&app{stderr: &lines, quiet: true}).progress("training", "steps", 2)
	p.last = time.Time{}
	p.Set(1, "")
	p.Close()
	if lines.String() != "" {
		t.Errorf("--quiet prints %q", lines.String())
	}
}

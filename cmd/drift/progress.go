package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"drift/bench/report"
)

// progress shows how far a long task is: a bar with rate and time left on a terminal, a plain line now and then elsewhere,
// nothing with --quiet.
type progress struct {
	task, unit string
	total      int
	bar        *progressbar.ProgressBar
	lines      io.Writer
	now        func() time.Time
	start      time.Time
	last       time.Time
	first      int
	begun      bool
}

const (
	firstAfter = 2 * time.Second
	linesEvery = 10 * time.Second
)

// progress starts the display of a task of total units ("steps").
func (a *app) progress(task, unit string, total int) *progress {
	p := &progress{task: task, unit: unit, total: total, now: time.Now, lines: io.Discard}
	file, isFile := a.stderr.(*os.File)
	switch {
	case a.quiet:
	case isFile && term.IsTerminal(int(file.Fd())):
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(task),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionFullWidth())
	default:
		p.lines = a.stderr
	}
	p.start = p.now()
	p.last = p.start.Add(firstAfter - linesEvery)
	return p
}

// Set shows that done units are finished; the first call may start anywhere (a resumed run). note is added to a plain line.
func (p *progress) Set(done int, note string) {
	if !p.begun {
		p.begun, p.first = true, max(0, done-1)
	}
	if p.bar != nil {
		if note != "" {
			p.bar.Describe(p.task + " (" + note + ")")
		}
		p.bar.Set(done)
		return
	}
	now := p.now()
	if now.Sub(p.last) < linesEvery {
		return
	}
	p.last = now
	rate := float64(done-p.first) / now.Sub(p.start).Seconds()
	line := fmt.Sprintf("%s: %d of %d %s, %s a second", p.task, done, p.total, p.unit, report.Format(rate))
	if rate > 0 {
		left := time.Duration(float64(p.total-done) / rate * float64(time.Second))
		line += ", " + left.Round(time.Second).String() + " left"
	}
	if note != "" {
		line += " (" + note + ")"
	}
	fmt.Fprintln(p.lines, line)
}

// Close takes the bar off the screen. A nil progress has none.
func (p *progress) Close() {
	if p != nil && p.bar != nil {
		p.bar.Clear()
	}
}

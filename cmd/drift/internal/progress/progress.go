// Package progress shows how far a long task is.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"drift/bench/report"
)

// Display is a bar with rate and time left on a terminal, and elsewhere a plain line after two seconds and then every ten.
type Display struct {
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

// New starts the display of a task of total units ("steps"). On a nil writer nothing is shown.
func New(w io.Writer, task, unit string, total int) *Display {
	p := &Display{task: task, unit: unit, total: total, now: time.Now, lines: io.Discard}
	file, isFile := w.(*os.File)
	switch {
	case w == nil:
	case isFile && term.IsTerminal(int(file.Fd())):
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(task),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionFullWidth())
	default:
		p.lines = w
	}
	p.start = p.now()
	p.last = p.start.Add(firstAfter - linesEvery)
	return p
}

// Set shows that done units are finished; the first call may start anywhere (a resumed run). note is added to a plain line.
func (p *Display) Set(done int, note string) {
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

// Close takes the bar off the screen. A nil display has none.
func (p *Display) Close() {
	if p != nil && p.bar != nil {
		p.bar.Clear()
	}
}

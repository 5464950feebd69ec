// Package progress shows how far a long task is.
package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"drift/bench/report"
)

// Display is a bar with rate and time left on a terminal, and elsewhere a plain line after two seconds and then every ten.
type Display struct {
	task, unit string
	total      int
	bar        *progressbar.ProgressBar // nil: plain lines
	terminal   *os.File
	lines      io.Writer
	now        func() time.Time
	start      time.Time
	last       time.Time
	first      int
	begun      bool
	curves     []*curve
	course     string // that they are of
	note       string // before the bar, with the curves
	changed    bool   // the curves have, since they were drawn
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
		p.terminal = file
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
		if p.changed || note != p.note {
			p.note, p.changed = note, false
			p.bar.Describe(p.describe(note, p.width()))
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

// Course begins the curves anew where name is not the one before: they are of another run.
func (p *Display) Course(name string) {
	if name != p.course {
		p.course, p.curves, p.changed = name, nil, true
	}
}

// GoesOn takes the curves of an earlier display of the same task, which may be nil.
func (p *Display) GoesOn(from *Display) {
	if from != nil && from.task == p.task {
		p.course, p.curves, p.changed = from.course, from.curves, true
	}
}

// Draws reports whether curves are shown.
func (p *Display) Draws() bool { return p.bar != nil }

// Point adds a point to the curve of a number, which a terminal shows beside the bar. Elsewhere nothing is drawn.
func (p *Display) Point(name string, x float64) {
	if !p.Draws() || math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	i := slices.IndexFunc(p.curves, func(c *curve) bool { return c.name == name })
	if i < 0 {
		i, p.curves = len(p.curves), append(p.curves, &curve{name: name})
	}
	p.curves[i].add(x)
	p.changed = true
}

// barWidth is the columns that a bar takes with its count, rate and time left, and narrowest is what is left of it for the sake of numbers.
const barWidth, narrowest = 70, 55

// describe is what stands before the bar: the note, and the curves that a terminal of a width has room for, or their numbers.
func (p *Display) describe(note string, width int) string {
	var parts []string
	if note != "" {
		parts = append(parts, note)
	}
	room := width - barWidth - utf8.RuneCountInString(p.task+note)
	for _, c := range p.curves {
		text := c.String()
		if utf8.RuneCountInString(text)+2 > room {
			text = c.number()
		}
		if room -= utf8.RuneCountInString(text) + 2; room < narrowest-barWidth {
			break
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return p.task
	}
	return p.task + " (" + strings.Join(parts, ", ") + ")"
}

// width is the terminal's columns.
func (p *Display) width() int {
	if columns, _, err := term.GetSize(int(p.terminal.Fd())); err == nil {
		return columns
	}
	return 80
}

// Close takes the bar off the screen. A nil display has none.
func (p *Display) Close() {
	if p != nil && p.bar != nil {
		p.bar.Clear()
	}
}

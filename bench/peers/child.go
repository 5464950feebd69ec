package peers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Longest waits for a peer: until it has loaded its library, and beyond the time that it was asked to work.
const (
	startTimeout  = 90 * time.Second
	answerTimeout = 30 * time.Second
)

// answer is a line that a peer prints: its name and operations first, then a time or what went wrong for each request.
type answer struct {
	Name    string   `json:"name"`
	Ops     []string `json:"ops"`
	BLAS    string   `json:"blas"`
	Seconds float64  `json:"seconds"`
	Error   string   `json:"error"`
}

// child is the process of a peer.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	lines   chan string
	errors  tail
	timeout time.Duration
	dead    bool
}

func launch(ctx context.Context, environment []string, command string, args ...string) (*child, error) {
	c := &child{cmd: exec.CommandContext(ctx, command, args...), lines: make(chan string), timeout: answerTimeout}
	c.cmd.Env, c.cmd.Stderr = environment, &c.errors
	setGroup(c.cmd)
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			c.lines <- scan.Text()
		}
	}()
	return c, nil
}

// failure is an answer that tells what went wrong with one request; the peer goes on.
type failure string

func (f failure) Error() string { return string(f) }

// answer waits for the next line.
func (c *child) answer(ctx context.Context, limit time.Duration) (a answer, err error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return a, ctx.Err()
	case <-timer.C:
		return a, fmt.Errorf("no answer within %v", limit)
	case line, ok := <-c.lines:
		if !ok {
			c.kill()
			return a, errors.New(strings.TrimSuffix("it ended: "+c.errors.last(), ": "))
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return a, fmt.Errorf("it answers %.80q, which is not JSON", line)
		}
	}
	if a.Error != "" {
		return a, failure(a.Error)
	}
	return a, nil
}

// Time is the time in seconds of one call of what r asks for, from calls over about so long a slot. A peer that does not
// answer is ended; one that only could not do this goes on.
func (p *Peer) Time(ctx context.Context, r Request, slot time.Duration) (float64, error) {
	c := p.child
	if c.dead {
		return 0, errors.New("it has ended before")
	}
	line, err := json.Marshal(struct {
		Request
		Seconds float64 `json:"seconds"`
	}{r, slot.Seconds()})
	if err != nil {
		return 0, err
	}
	c.resume()
	_, _ = c.in.Write(append(line, '\n')) // where this fails the peer has ended, and its last words tell why
	a, err := c.answer(ctx, c.timeout+slot)
	if _, goesOn := err.(failure); err != nil && !goesOn {
		c.kill()
		return 0, err
	}
	c.suspend()
	if err == nil && a.Seconds <= 0 {
		err = failure("its answer holds no time")
	}
	return a.Seconds, err
}

func (c *child) kill() {
	if c.dead {
		return
	}
	c.dead = true
	c.in.Close()
	c.end()
	for range c.lines { // lets the reader end
	}
	c.cmd.Wait()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(b), nil
}

// last is the last line that is not empty.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.text), []byte("\n"))
	return string(bytes.TrimSpace(lines[len(lines)-1]))
}

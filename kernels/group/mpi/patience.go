//go:build mpi && (linux || darwin)

package mpi

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// LimitVariable is the environment variable with the seconds after which a process that waits for others gives up; 0 for never.
const LimitVariable = "DRIFT_MPI_TIMEOUT"

// longest is how long others may take if nobody says: reading data from a slow file system counts too.
const longest = 10 * time.Minute

func patience() (time.Duration, error) {
	text := os.Getenv(LimitVariable)
	if text == "" {
		return longest, nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > 1e9 {
		return 0, fmt.Errorf("%s is %q: give whole seconds, 0 for no limit", LimitVariable, text)
	}
	return time.Duration(seconds) * time.Second, nil
}

// steps are those of waiting. Time in which the whole job was stopped counts as one of them.
const steps = 20

// within waits for a call of MPI to come back, as long as the limit says, 0 for ever. A call that does not goes on in the background, and the
// group is of no use any more but to abort. absent tells which processes are known not to answer.
func within(limit time.Duration, absent func() string, call func() error) error {
	if limit == 0 {
		return call()
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	step := time.NewTimer(limit / steps)
	defer step.Stop()
	for range steps {
		select {
		case err := <-done:
			return err
		case <-step.C:
			step.Reset(limit / steps)
		}
	}
	return fmt.Errorf("another process does not answer for %v%s: %s sets other seconds", limit, absent(), LimitVariable)
}

// stopped names the processes of this machine that something has stopped.
func (w *world) stopped() string {
	var ranks []string
	for rank, number := range w.numbers {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", number)) // as 123 (name) T …
		if err != nil {
			continue
		}
		if end := strings.LastIndex(string(text), ") "); end > 0 && strings.HasPrefix(string(text[end:]), ") T") {
			ranks = append(ranks, strconv.Itoa(rank))
		}
	}
	if ranks == nil {
		return ""
	}
	return " (stopped: process " + strings.Join(ranks, ", ") + ")"
}

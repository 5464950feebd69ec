package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"drift/data/atomicfile"
)

// ComputedWith is what a result was computed with.
type ComputedWith struct {
	Version   string `json:"version"`
	Device    string `json:"device"`
	Platform  string `json:"platform"`
	Processor string `json:"processor"`
	Threads   int    `json:"threads"`
}

// Using is this machine with a device and a number of threads, 0 for all.
func Using(device string, threads int) ComputedWith {
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return ComputedWith{Version(), device, Platform(), FindProcessor().Model, threads}
}

// sitting is what a run was computed with from a step on.
type sitting struct {
	Step int `json:"step"`
	ComputedWith
}

// Record notes in a file what computes a run from a step on, where that has changed.
func Record(path string, step int, now ComputedWith) error {
	var all []sitting
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading what the run was computed with: %s: %w: delete the file to go on without", path, err)
	}
	if n := len(all); n > 0 && all[n-1].ComputedWith == now {
		return nil
	}
	text, err = json.MarshalIndent(append(all, sitting{step, now}), "", "  ")
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
	}
	if err != nil {
		return fmt.Errorf("writing what the run is computed with: %w", err)
	}
	return nil
}

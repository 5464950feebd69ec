package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"drift/data/atomicfile"
	"drift/optim/rundir"
)

// computedWith is what a result was computed with.
type computedWith struct {
	Version   string `json:"version"`
	Device    string `json:"device"`
	Platform  string `json:"platform"`
	Processor string `json:"processor"`
	Threads   int    `json:"threads"`
}

func (a *app) computedWith(device string) computedWith {
	threads := a.threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return computedWith{version(), device, runtime.GOOS + "/" + runtime.GOARCH, findProcessor().Model, threads}
}

// sitting is what a run was computed with from a step on.
type sitting struct {
	Step int `json:"step"`
	computedWith
}

// sit notes in the run's folder what computes it from a step on, where that is news.
func (a *app) sit(dir *rundir.Dir, step int, device string) error {
	if dir == nil {
		return nil
	}
	path := dir.File(rundir.MachineName)
	var all []sitting
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading what the run was computed with: %s: %w: delete the file to go on without", path, err)
	}
	now := a.computedWith(device)
	if n := len(all); n > 0 && all[n-1].computedWith == now {
		return nil
	}
	all = append(all, sitting{step, now})
	if err := atomicfile.Write(path, func(w io.Writer) error { return encodeJSON(w, all) }); err != nil {
		return fmt.Errorf("writing what the run is computed with: %w", err)
	}
	return nil
}

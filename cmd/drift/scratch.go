package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"drift/optim/rundir"
)

// scratch is a folder for what a process that is not the first throws away. It is locked as long as the process lives.
type scratch struct {
	path string
	lock io.Closer
}

// scratchName begins the names of such folders.
const scratchName = "drift-process-"

func newScratch() (*scratch, error) {
	sweep()
	path, err := os.MkdirTemp("", scratchName)
	if err != nil {
		return nil, err
	}
	lock, err := rundir.Lock(path)
	if err != nil {
		os.RemoveAll(path)
		return nil, err
	}
	return &scratch{path, lock}, nil
}

func (s *scratch) Close() {
	os.RemoveAll(s.path)
	s.lock.Close()
}

// sweep removes the folders of processes that were killed: those that nobody holds.
func sweep() {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), scratchName+"*"))
	for _, path := range all {
		if info, err := os.Lstat(path); err == nil && info.IsDir() && time.Since(info.ModTime()) > time.Minute { // younger ones may be about to be locked
			sweepOne(path)
		}
	}
}

// sweepOne removes a folder that nobody holds. Where it can be locked twice, locks say nothing.
func sweepOne(path string) {
	lock, err := rundir.Lock(path)
	if err != nil {
		return
	}
	defer lock.Close()
	if again, err := rundir.Lock(path); err == nil {
		again.Close()
		return
	}
	os.RemoveAll(path)
}

// aside changes paths to where a process that is not the first writes what the first writes to them. The folder is made when it is needed.
func (a *app) aside(paths ...*string) (err error) {
	for _, path := range paths {
		if *path == "" || a.group.First() {
			continue
		}
		if a.scratch == nil {
			if a.scratch, err = newScratch(); err != nil {
				return fmt.Errorf("a folder for what process %d throws away: %w", a.group.Rank(), err)
			}
		}
		*path = filepath.Join(a.scratch.path, filepath.Base(*path))
	}
	return nil
}

// leave throws away what was written aside.
func (a *app) leave() {
	if a.scratch != nil {
		a.scratch.Close()
	}
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"drift/bench/study"
	"drift/cmd/drift/internal/progress"
	"drift/data/atomicfile"
	"drift/optim/train"
)

// checkJSON finds out before the work whether the file of --json can be written after it.
func (a *app) checkJSON() error {
	if a.json == "" || a.json == "-" {
		return nil
	}
	return checkWritable("json", a.json, "a file, or - for standard output")
}

// checkWritable finds out whether the file that a flag names can be written.
func checkWritable(flag, path, want string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usagef("--%s: %s is a folder: give %s", flag, path, want)
	}
	if special(path) {
		return nil
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".drift-*")
	if err != nil {
		var of *fs.PathError
		if errors.As(err, &of) {
			err = of.Err // not of the probe
		}
		return usagef("--%s: cannot write %s: %w", flag, path, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// prepareFolder makes the folder for results and finds out early whether a file can be written there.
func prepareFolder(folder, file string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("preparing the folder for results: %w: name another one with --out", err)
	}
	return checkWritable("out", filepath.Join(folder, file), "another folder")
}

// elsewhere is what to do about results that cannot be written where nothing is kept to go on from.
const elsewhere = "name another folder with --out"

// writeFiles fills a folder for results. Errors end with what to do.
func writeFiles(folder, otherwise string, files map[string]func(io.Writer) error) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := atomicfile.Write(filepath.Join(folder, name), files[name]); err != nil {
			return fmt.Errorf("writing the results: %w: %s", err, otherwise)
		}
	}
	return nil
}

// tellFolder tells where results are, and how to look at them.
func (a *app) tellFolder(what, folder string) {
	fmt.Fprintf(a.human(), "%s are in %s: drift report %s makes a page of them\n", what, folder, folder)
}

// writeJSON delivers the result where --json wants it.
func (a *app) writeJSON(result any) error {
	if a.json == "" {
		return nil
	}
	var err error
	switch {
	case a.json == "-":
		err = encodeJSON(a.stdout, result)
	case special(a.json):
		var pipe *os.File
		if pipe, err = os.OpenFile(a.json, os.O_WRONLY, 0); err == nil {
			err = errors.Join(encodeJSON(pipe, result), pipe.Close())
		}
	default:
		err = atomicfile.Write(a.json, func(w io.Writer) error { return encodeJSON(w, result) })
	}
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// special reports a pipe or device, which is written to and not replaced.
func special(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}

func encodeJSON(w io.Writer, x any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(x)
}

// progress starts the display of a task of total units ("steps"); with --quiet it shows nothing.
func (a *app) progress(task, unit string, total int) *progress.Display {
	if a.quiet {
		return progress.New(nil, task, unit, total)
	}
	return progress.New(a.stderr, task, unit, total)
}

// plot adds a logged line of a run to the curves of a display.
func plot(show *progress.Display, e *train.Entry) {
	show.Point("loss", e.Loss)
	if e.TestAccuracy != nil {
		show.Point("test accuracy", *e.TestAccuracy)
	}
}

// tell shows how far a study or a comparison is, with the curves of the run that is going on, or of the trials' last losses.
func tell(show *progress.Display, n study.News) {
	switch e := n.Logged; {
	case n.Trial:
		show.Course("trials")
		if e != nil && e.TestLoss != nil {
			show.Point("trial loss", *e.TestLoss)
		}
	default:
		show.Course(n.What)
		if e != nil {
			plot(show, e)
		}
	}
	show.Set(n.Done, n.What)
}

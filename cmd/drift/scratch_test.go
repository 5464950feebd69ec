package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"drift/optim/rundir"
)

// What a killed process has left goes when another process needs such a folder; what a living one holds stays, and so do young folders and others' files.
func TestFoldersOfKilledProcessesAreSwept(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, name := range []string{scratchName + "killed", scratchName + "living", scratchName + "young", "drift-other"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "run"), 0o777); err != nil {
			t.Fatal(err)
		}
		if name != scratchName+"young" {
			if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	lock, err := rundir.Lock(filepath.Join(dir, scratchName+"living"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	s, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	names := func() (all []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	stay := []string{"drift-other", scratchName + "living", scratchName + "young"}
	want := append(slices.Clone(stay), filepath.Base(s.path))
	slices.Sort(want)
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	s.Close()
	if got := names(); !slices.Equal(got, stay) {
		t.Errorf("there are %q at the end, want %q", got, stay)
	}
}

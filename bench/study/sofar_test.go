package study

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"drift/optim/train"
)

func studyFolder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// While a study goes on its folder shows as many runs as are done, with their numbers; at the end what it shows is the outcome.
func TestWhatIsDoneSoFar(t *testing.T) {
	dir := studyFolder(t, small)
	s := parsed(t, small)
	if Unfinished(dir) {
		t.Error("a study that has not begun goes on")
	}
	var outcome *Outcome
	var err error
	for stop := 1; outcome == nil; stop += 9 {
		ctx, cancel := context.WithCancel(context.Background())
		outcome, err = s.Run(ctx, Options{Dir: dir, Device: oneThread, Observe: func(n News) {
			if n.Done >= stop {
				cancel()
			}
		}})
		cancel()
		if err != nil && !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
		sofar, err := SoFar(dir)
		if err != nil || !Unfinished(dir) {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(filepath.Join(dir, cellsFolder, "*.json"))
		if sofar.Finished.Runs != len(files) || sofar.Finished.Of != len(s.withDefaults().cells()) {
			t.Errorf("%+v, and %d files", *sofar.Finished, len(files))
		}
		if outcome == nil {
			continue
		}
		for i, task := range outcome.Tasks {
			for k, row := range task.Rows {
				got := sofar.Tasks[i].Rows[k]
				if !reflect.DeepEqual(got.Means, row.Means) || !reflect.DeepEqual(got.Seeds, row.Seeds) || !reflect.DeepEqual(got.Diverged, row.Diverged) {
					t.Errorf("%s, %s: %+v, want %+v", task.Task, row.Optimizer, got, row)
				}
			}
		}
		if !reflect.DeepEqual(sofar.Curves(), outcome.Curves()) {
			t.Error("other curves")
		}
	}
	if err := outcome.WriteFiles(dir); err != nil || Unfinished(dir) {
		t.Errorf("a study with results goes on: %v", err)
	}
}

func TestWhatIsDoneSoFarOfDamagedFolders(t *testing.T) {
	for what, c := range map[string]struct{ file, cell, says string }{
		"no study":          {"tasks =", "", FileName},
		"a damaged cell":    {small, "{", "reading what is finished"},
		"another's cell":    {small, `{"experiment":"x","finished":{"run":{"settings":{"optimizer":"other","steps":3}}}}`, "start anew in another folder"},
		"no study's folder": {"", "", "no tasks"},
	} {
		dir := studyFolder(t, c.file)
		if err := os.Mkdir(filepath.Join(dir, cellsFolder), 0o777); err != nil {
			t.Fatal(err)
		}
		if c.cell != "" {
			name := parsed(t, small).withDefaults()
			if err := os.WriteFile(filepath.Join(dir, cellsFolder, name.file(name.cells()[0])), []byte(c.cell), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := SoFar(dir); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"drift/data/atomicfile"
)

// Kept is a folder that holds what is finished of an experiment, so that another process can go on with it: the trials, and the
// runs seed by seed, in files that are replaced in one step. A nil Kept holds nothing and keeps nothing.
type Kept struct{ path, experiment string }

// NewKept keeps in a folder what belongs to the experiment of a name. What it holds of another one is refused where it is met.
func NewKept(path, experiment string) *Kept { return &Kept{path, experiment} }

// Begin makes the folder, and refuses one in which something is finished.
func (k *Kept) Begin() error {
	files, err := filepath.Glob(filepath.Join(k.path, "*.json"))
	if err == nil && len(files) > 0 {
		err = ErrCutShort
	}
	if err != nil {
		return err
	}
	return os.MkdirAll(k.path, 0o777)
}

// ErrCutShort refuses to begin an experiment where another one waits to be resumed.
var ErrCutShort = errors.New("it holds a comparison that was cut short")

// Begun reports whether the folder is there: from an experiment's beginning until its results take its place.
func (k *Kept) Begun() bool {
	info, err := os.Stat(k.path)
	return err == nil && info.IsDir()
}

// keptFile is a file of the folder.
type keptFile struct {
	Experiment string          `json:"experiment"`
	Finished   json.RawMessage `json:"finished"`
}

// keptSeed is what is finished of a seed: the runs of the first optimizers.
type keptSeed struct {
	Runs  []run `json:"runs"`
	Whole bool  `json:"whole"` // all of them, with the drift explained
}

func seedName(seed uint64) string { return fmt.Sprintf("seed-%d.json", seed) }

const trialsName = "trials.json"

// load reads what a file holds, and leaves into as it is where there is none.
func (k *Kept) load(name string, into any) error {
	if k == nil {
		return nil
	}
	path := filepath.Join(k.path, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var file keptFile
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err == nil && file.Experiment != k.experiment {
		err = errors.New("it belongs to other settings, to other data or to another version of drift: start anew in another folder")
	}
	if err == nil {
		err = json.Unmarshal(file.Finished, into)
	}
	if err != nil {
		return fmt.Errorf("reading what is finished from %s: %w", path, err)
	}
	return nil
}

// save replaces what a file holds.
func (k *Kept) save(name string, finished any) error {
	if k == nil {
		return nil
	}
	raw, err := json.Marshal(finished)
	if err == nil {
		err = atomicfile.Write(filepath.Join(k.path, name), func(w io.Writer) error {
			return json.NewEncoder(w).Encode(keptFile{k.experiment, raw})
		})
	}
	if err != nil {
		return fmt.Errorf("keeping what is finished: %w", err)
	}
	return nil
}

// Remove takes the folder away, once results stand in its place.
func (k *Kept) Remove() error {
	if err := os.RemoveAll(k.path); err != nil {
		return fmt.Errorf("taking away what the results replace: %w", err)
	}
	return nil
}

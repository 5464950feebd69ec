package study

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

// Store is a folder that holds what is finished of an experiment, in files that are written in one step, so that other processes can go
// on with it, and several work on it at once. A nil Store holds nothing and keeps nothing.
type Store struct{ path, experiment string }

// NewStore keeps in a folder what belongs to the experiment of a name. What it holds of another one is refused where it is met.
func NewStore(path, experiment string) *Store { return &Store{path, experiment} }

// anyExperiment is the name of a store that takes whatever its folder holds, for readers.
const anyExperiment = ""

// Make makes the folder where there is none.
func (k *Store) Make() error {
	if k == nil {
		return nil
	}
	if err := os.MkdirAll(k.path, 0o777); err != nil {
		return fmt.Errorf("making the folder for what is finished: %w", err)
	}
	return nil
}

// Empty reports whether nothing is finished.
func (k *Store) Empty() (bool, error) {
	files, err := filepath.Glob(filepath.Join(k.path, "*.json"))
	return len(files) == 0, err
}

// Begun reports whether the folder is there: from an experiment's beginning until its results take its place.
func (k *Store) Begun() bool {
	info, err := os.Stat(k.path)
	return err == nil && info.IsDir()
}

// stored is a file of the folder.
type stored struct {
	Experiment string          `json:"experiment"`
	Finished   json.RawMessage `json:"finished"`
}

// Load reads what a file holds, and leaves into as it is where there is none.
func (k *Store) Load(name string, into any) (found bool, err error) {
	if k == nil {
		return false, nil
	}
	path := filepath.Join(k.path, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var file stored
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err == nil && k.experiment != anyExperiment && file.Experiment != k.experiment {
		err = errors.New("it belongs to other settings, to other data or to another version of drift: start anew in another folder")
	}
	if err == nil {
		err = json.Unmarshal(file.Finished, into)
	}
	if err != nil {
		return false, fmt.Errorf("reading what is finished from %s: %w", path, err)
	}
	return true, nil
}

// Save replaces what a file holds.
func (k *Store) Save(name string, finished any) error {
	if k == nil {
		return nil
	}
	raw, err := json.Marshal(finished)
	if err == nil {
		err = atomicfile.WriteShared(filepath.Join(k.path, name), func(w io.Writer) error {
			return json.NewEncoder(w).Encode(stored{k.experiment, raw})
		})
	}
	if err != nil {
		return fmt.Errorf("keeping what is finished: %w", err)
	}
	return nil
}

// Remove takes the folder away, once results stand in its place.
func (k *Store) Remove() error {
	if err := os.RemoveAll(k.path); err != nil {
		return fmt.Errorf("taking away what the results replace: %w", err)
	}
	return nil
}

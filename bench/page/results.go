// Package page makes one HTML file of training runs, comparisons, measurements and checks of the theory. The file needs no network:
// figures are SVG that is readable as it stands, and a script within it, the only one that its content policy lets run, adds what a
// reader can do with them.
package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"drift/bench/compare"
	"drift/bench/study"
)

// Results is what a page shows, each kind in the order in which it was named.
type Results struct {
	runs          []*run
	comparisons   []*comparison // those of studies too, one a task
	studies       []*studied
	measurements  []*measurement
	verifications []*verification
	recipes       []recipe // of these two
	pending       string
}

// Pending is a page that has nothing to show yet, and says why.
func Pending(reason string) *Results { return &Results{pending: reason} }

// result is one of them. A path is where it was found, a name what the page calls it.
type result struct{ path, name string }

const (
	metricsName    = "metrics.jsonl"
	comparisonName = "compare.json"
	curvesName     = "curves.csv"
)

// Read finds what stands at the given paths: folders of runs, comparisons, studies and checks, and JSON files of measurements, comparisons and
// checks.
func Read(paths ...string) (*Results, error) {
	names, err := namesOf(paths)
	if err != nil {
		return nil, err
	}
	r := &Results{}
	for i, path := range paths {
		if err := r.read(result{path, names[i]}); err != nil {
			return nil, fmt.Errorf("reading the results in %s: %w", path, err)
		}
	}
	return r, nil
}

// namesOf is the last element of each path, or all of it where two would have the same name.
func namesOf(paths []string) ([]string, error) {
	names, full, count := make([]string, len(paths)), map[string]bool{}, map[string]int{}
	for i, path := range paths {
		whole, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("reading the results in %s: %w", path, err)
		}
		if full[whole] {
			return nil, fmt.Errorf("reading the results in %s: it is named twice: name it once", path)
		}
		full[whole] = true
		names[i] = filepath.Base(whole)
		count[names[i]]++
	}
	for i, path := range paths {
		if count[names[i]] > 1 {
			names[i] = filepath.ToSlash(filepath.Clean(path))
		}
	}
	return names, nil
}

func (r *Results) read(from result) error {
	info, err := os.Stat(from.path)
	if err != nil {
		var of *fs.PathError
		if errors.As(err, &of) {
			err = of.Err
		}
		return err
	}
	if !info.IsDir() {
		return r.readFile(from, from.path)
	}
	found := false
	if exists(from.path, metricsName) {
		found = true
		if err := r.readRun(from); err != nil {
			return err
		}
	}
	for _, name := range []string{"study.json", comparisonName, "verify.json", "measure.json"} {
		file := name
		if name == comparisonName && exists(from.path, compare.FinishedFolder) { // older results are about to be replaced
			file = filepath.Join(compare.SoFarFolder, name)
		}
		if exists(from.path, file) {
			found = true
			if err := r.readFile(from, filepath.Join(from.path, file)); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if study.Unfinished(from.path) {
		found = true
		if err := r.readUnfinished(from); err != nil {
			return err
		}
	}
	switch {
	case found:
		return nil
	case exists(from.path, compare.FinishedFolder):
		return errors.New("no run of its comparison has ended yet")
	}
	return errors.New("the folder holds no training run, comparison, study, measurement or check: name one that does, or the JSON of a measurement")
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}

// largest is the size in bytes of a JSON file beyond which it is no result of drift.
const largest = 256 << 20

// readFile reads a JSON file, whose keys say what it is.
func (r *Results) readFile(from result, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > largest {
		return errors.New("it is no file of results: name a JSON file that drift wrote")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return fmt.Errorf("it is damaged, or no JSON object: %w", err)
	}
	has := func(key string) bool { _, there := keys[key]; return there }
	switch {
	case has("study") && has("tasks"):
		return r.readStudy(from, text)
	case has("rows") && has("experiment"):
		return r.readComparison(from, path, text)
	case has("checks"):
		return r.readVerification(from, text)
	case has("tr_sigma") && has("sigma_eigenvalues"):
		return r.readMeasurement(from, text)
	}
	return errors.New("its JSON is no comparison, study, check or measurement")
}

package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// systemDir is where distributions install data sets, each in a folder of its name.
const systemDir = "/usr/share/datasets"

// searchPath lists the folders where the files of the named data set are looked for, in order: dir/name and dir, the same in
// $DRIFT_DATA, the user's cache folder, the system's.
func searchPath(dir, name string) []string {
	var path []string
	for _, root := range []string{dir, os.Getenv("DRIFT_DATA")} {
		if root != "" {
			path = append(path, filepath.Join(root, name), root)
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		path = append(path, filepath.Join(cache, "drift", name))
	}
	return append(path, filepath.Join(systemDir, name))
}

// fetchDir is the folder that Fetch writes the named data set to: dir/name, or $DRIFT_DATA/name where dir is empty, or else
// the one in the user's cache folder. Load finds it there.
func fetchDir(dir, name string) (string, error) {
	for _, root := range []string{dir, os.Getenv("DRIFT_DATA")} {
		if root != "" {
			return filepath.Join(root, name), nil
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for data: %w: set $DRIFT_DATA", err)
	}
	return filepath.Join(cache, "drift", name), nil
}

// locate returns the first folder on the search path, or its subfolder sub, that holds a file matching pattern.
func (r *request) locate(pattern, sub string) (string, error) {
	path := searchPath(r.dir, r.Name)
	for _, dir := range path {
		for _, d := range []string{dir, filepath.Join(dir, sub)} {
			if _, err := match(d, pattern); err == nil {
				return d, nil
			}
		}
	}
	return "", NotFound{r.Name, pattern, path}
}

// NotFound says that the files of a data set are in none of the folders that were searched. Fetch downloads them.
type NotFound struct {
	Name    string // of the data set
	File    string // a pattern that none matches
	Folders []string
}

func (e NotFound) Error() string {
	return fmt.Sprintf("no %s in %s: download the data set %s, or say in which folder it is", e.File, strings.Join(e.Folders, ", "), e.Name)
}

// match returns the first file in dir, in the order of their names, that matches the pattern.
func match(dir, pattern string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); ok && !strings.Contains(e.Name(), partSuffix) {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", fmt.Errorf("no %s in %s: %w", pattern, dir, fs.ErrNotExist)
}

// userPath is where the path of a spec leads.
func (r *request) userPath() (string, error) { return findFile(r.dir, r.Path) }

// readFile makes parts of the file that the spec names.
func (r *request) readFile(read func(io.Reader) (*Split, error)) (split *Split, err error) {
	path, err := r.userPath()
	if err != nil {
		return nil, err
	}
	err = readFile(path, func(f io.Reader) error {
		split, err = read(f)
		return err
	})
	return split, err
}

// findFile is a path as it is, or inside dir or $DRIFT_DATA where it is not there.
func findFile(dir, path string) (string, error) {
	tried := []string{path}
	if !filepath.IsAbs(path) {
		for _, root := range []string{dir, os.Getenv("DRIFT_DATA")} {
			inside := filepath.Join(root, path)
			if root != "" && inside != filepath.Clean(path) && !slices.Contains(tried, inside) {
				tried = append(tried, inside)
			}
		}
	}
	for _, path := range tried {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("there is no %s", strings.Join(tried, ", nor "))
}

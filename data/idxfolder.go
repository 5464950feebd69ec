package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// idxFolder is a folder of IDX files. Their names start with a set's name, often "", that starts with prefix, or is exactly it.
type idxFolder struct {
	dir, prefix string
	exact       bool
}

// idxPair are the files of a part, SETpart-images… and SETpart-labels….
type idxPair struct{ set, images, labels string }

// idxFolder is the folder that a spec names: DIR, or DIR/NAME where that is no folder and names of files start with NAME.
func (r *request) idxFolder() (idxFolder, error) {
	path, err := r.userPath()
	if err == nil {
		return idxFolder{dir: path}, nil
	}
	dir, prefix := filepath.Split(r.Path)
	if dir == "" || prefix == "" {
		return idxFolder{}, err
	}
	path, failed := findFile(r.dir, dir)
	if failed != nil {
		return idxFolder{}, err
	}
	if _, failed := (idxFolder{dir: path, prefix: prefix}).find("train"); errors.Is(failed, fs.ErrNotExist) {
		return idxFolder{}, err
	}
	return idxFolder{dir: path, prefix: prefix}, nil
}

// find returns the files of the part that has one of the given names, such as train-images-idx3-ubyte.gz.
func (f idxFolder) find(parts ...string) (files idxPair, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return files, err
	}
	part := ""
	for _, e := range entries {
		set, found, ok := f.split(e.Name(), parts)
		if !ok {
			continue
		}
		if files.images != "" && (set != files.set || found != part) {
			return files, fmt.Errorf("%s holds both %s%s-images* and %s%s-images*: choose with idx:DIR/NAME",
				f.dir, files.set, part, set, found)
		}
		if files.images == "" {
			files.set, part, files.images = set, found, filepath.Join(f.dir, e.Name())
		}
	}
	if files.images == "" {
		return files, fmt.Errorf("no %s%s-images* in %s: %w", f.prefix, parts[0], f.dir, fs.ErrNotExist)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), files.set+part+"-labels") && !strings.Contains(e.Name(), partSuffix) {
			files.labels = filepath.Join(f.dir, e.Name())
			return files, nil
		}
	}
	return files, fmt.Errorf("no %s%s-labels* in %s: %w", files.set, part, f.dir, fs.ErrNotExist)
}

// split finds the name of the set and of the part in that of a file of images.
func (f idxFolder) split(name string, parts []string) (set, part string, ok bool) {
	if !strings.HasPrefix(name, f.prefix) || strings.Contains(name, partSuffix) {
		return "", "", false
	}
	for _, part := range parts {
		i := strings.Index(name, part+"-images")
		if i == 0 || i > 0 && strings.ContainsRune("-_.", rune(name[i-1])) {
			if !f.exact || name[:i] == f.prefix {
				return name[:i], part, true
			}
		}
	}
	return "", "", false
}

package data

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// unpacked tells whether all members of an archive are in dir.
func (file RemoteFile) unpacked(dir string) bool {
	for name, size := range file.members {
		if info, err := os.Stat(filepath.Join(dir, file.folder, name)); err != nil || info.Size() != size {
			return false
		}
	}
	return len(file.members) > 0
}

// unpack takes the members out of an archive in dir and removes it. It does nothing to a file that is no archive.
func (file RemoteFile) unpack(dir string) error {
	if len(file.members) == 0 || file.unpacked(dir) {
		return nil
	}
	archive := filepath.Join(dir, file.Name)
	if err := file.extract(archive, filepath.Join(dir, file.folder)); err != nil {
		return fmt.Errorf("unpacking %s: %w", archive, err)
	}
	if !file.unpacked(dir) {
		return fmt.Errorf("unpacking %s: it lacks some of its files, or they have other sizes than expected", archive)
	}
	return os.Remove(archive)
}

// extract writes the members, each under its base name, into dir.
func (file RemoteFile) extract(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for entries := tar.NewReader(z); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Base(entry.Name)
		if size, wanted := file.members[name]; wanted && entry.Size == size {
			if err := writeFile(filepath.Join(dir, name), entries); err != nil {
				return err
			}
		}
	}
}

// writeFile writes what r holds to path, which appears when it is complete.
func writeFile(path string, r io.Reader) error {
	f, err := os.Create(path + partSuffix)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return publish(path+partSuffix, path)
}

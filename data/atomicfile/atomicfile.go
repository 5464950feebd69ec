// Package atomicfile replaces files in one step.
package atomicfile

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Write gives the file at path the content that write produces, in one step: whoever reads it, also after a crash or a
// loss of power, finds the old content or the new, never a part. It writes a temporary file beside it (named .NAME.tmp, of
// which a crash may leave one behind), brings it to the disk, renames it, and brings the folder to the disk.
func Write(path string, write func(io.Writer) error) error { return replace(path, "", write) }

// WriteShared is Write for a path that several processes, on several machines perhaps, may write at the same time: each has a temporary
// file of its own, and the last to end gives the content.
func WriteShared(path string, write func(io.Writer) error) error {
	return replace(path, "."+rand.Text(), write)
}

func replace(path, own string, write func(io.Writer) error) error {
	folder, name := filepath.Split(path)
	temporary := filepath.Join(folder, "."+name+own+".tmp")
	err := writeSynced(temporary, write)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, remove(temporary))
	}
	return syncFolder(filepath.Clean(folder))
}

func writeSynced(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<18)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes a rename in the folder last through a loss of power. Windows has no such call.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

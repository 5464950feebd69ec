package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestTheOldFileStaysWhenWritingFails(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	text := func(s string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, e := io.WriteString(w, s)
			return errors.Join(e, err)
		}
	}
	if err := Write(path, text("old", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk full")
	if err := Write(path, text("new", broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	content, _ := os.ReadFile(path)
	entries, _ := os.ReadDir(folder)
	if string(content) != "old" || len(entries) != 1 {
		t.Errorf("content %q among %d files", content, len(entries))
	}
	if err := Write(filepath.Join(folder, "none", "file"), text("", nil)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a missing folder: %v", err)
	}
}

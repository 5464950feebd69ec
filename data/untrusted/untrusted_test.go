package untrusted

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A device is refused before anything is read of it, and a folder as such.
func TestOpensRegularFilesAlone(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		f, info, err := Open(path)
		if err != nil || info.Size() != 5 {
			t.Fatalf("%s: %v", path, err)
		}
		f.Close()
	}
	for path, want := range map[string]string{dir: "is a folder", os.DevNull: "no regular file", filepath.Join(dir, "none"): "no such file"} {
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// Pipes are read, and nothing beyond the bound.
func TestReadAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadAll(file, 5); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := ReadAll(file, 4); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Error(err)
	}
	if text, err := ReadAll(os.DevNull, 4); err != nil || len(text) != 0 {
		t.Errorf("%q, %v", text, err)
	}
}
